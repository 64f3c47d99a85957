CREATE TABLE "accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"external_id" text,
	"tier" text DEFAULT 'default' NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"posted" bigint DEFAULT 0 NOT NULL,
	"held" bigint DEFAULT 0 NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "accounts_external_id_unique" UNIQUE("external_id"),
	CONSTRAINT "accounts_held" CHECK ("accounts"."held" >= 0),
	CONSTRAINT "accounts_no_overdraft" CHECK ("accounts"."posted" - "accounts"."held" >= 0),
	CONSTRAINT "accounts_status" CHECK ("accounts"."status" in ('active', 'suspended', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"name" text,
	"hash" "bytea" NOT NULL,
	"hint" text NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"models" text[],
	"requests_per_minute" integer,
	"tokens_per_minute" bigint,
	"concurrency" integer,
	"spend_limit" bigint,
	"spend_period" text,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash"),
	CONSTRAINT "api_keys_spend_limit" CHECK ("api_keys"."spend_limit" >= 0),
	CONSTRAINT "api_keys_spend_period" CHECK ("api_keys"."spend_period" in ('day', 'month', 'total')),
	CONSTRAINT "api_keys_limits" CHECK ("api_keys"."requests_per_minute" > 0 and "api_keys"."tokens_per_minute" > 0 and "api_keys"."concurrency" > 0)
);
--> statement-breakpoint
CREATE TABLE "grants" (
	"account_id" uuid NOT NULL,
	"reference" text NOT NULL,
	"credits" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "grants_account_id_reference_pk" PRIMARY KEY("account_id","reference"),
	CONSTRAINT "grants_positive" CHECK ("grants"."credits" > 0)
);
--> statement-breakpoint
CREATE TABLE "holds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"instance_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"metered" bigint DEFAULT 0 NOT NULL,
	"terms" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "holds_amount" CHECK ("holds"."amount" >= 0 and "holds"."metered" >= 0)
);
--> statement-breakpoint
CREATE TABLE "instances" (
	"id" uuid PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"started_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"heartbeat_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"state" text DEFAULT 'live' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger" (
	"account_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"balance_after" bigint NOT NULL,
	"request_id" uuid,
	"reference" text,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "ledger_account_id_seq_pk" PRIMARY KEY("account_id","seq"),
	CONSTRAINT "ledger_seq" CHECK ("ledger"."seq" > 0),
	CONSTRAINT "ledger_amount" CHECK ("ledger"."amount" <> 0),
	CONSTRAINT "ledger_kind" CHECK ("ledger"."kind" in ('charge', 'grant', 'adjustment', 'late_charge')),
	CONSTRAINT "ledger_sign" CHECK (("ledger"."kind" <> 'grant' or "ledger"."amount" > 0)
        and ("ledger"."kind" not in ('charge', 'late_charge') or ("ledger"."amount" < 0 and "ledger"."request_id" is not null)))
);
--> statement-breakpoint
CREATE TABLE "models" (
	"name" text PRIMARY KEY NOT NULL,
	"context_window" integer,
	"max_output_tokens" integer,
	"hold_output_tokens" integer,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "models_limits" CHECK ("models"."context_window" > 0 and "models"."max_output_tokens" > 0 and "models"."hold_output_tokens" > 0)
);
--> statement-breakpoint
CREATE TABLE "prices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"effective_from" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"input" bigint NOT NULL,
	"cached_input" bigint NOT NULL,
	"output" bigint NOT NULL,
	"reasoning" bigint NOT NULL,
	"request" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "prices_version" UNIQUE("provider","model","effective_from"),
	CONSTRAINT "prices_not_negative" CHECK (least("prices"."input", "prices"."cached_input", "prices"."output", "prices"."reasoning", "prices"."request") >= 0)
);
--> statement-breakpoint
CREATE TABLE "providers" (
	"name" text PRIMARY KEY NOT NULL,
	"base_url" text NOT NULL,
	"api_key" "bytea",
	"profile" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rate_buckets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"level" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "requests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"endpoint" text NOT NULL,
	"model" text,
	"provider" text,
	"base_url" text,
	"upstream_model" text,
	"stream" boolean NOT NULL,
	"status" smallint NOT NULL,
	"outcome" text NOT NULL,
	"stage" text NOT NULL,
	"stages" jsonb NOT NULL,
	"attempts" jsonb NOT NULL,
	"slices" integer NOT NULL,
	"error_code" text,
	"error" jsonb,
	"ttft_ms" integer,
	"duration_ms" integer NOT NULL,
	"chunk_count" integer NOT NULL,
	"completion_length" integer NOT NULL,
	"prompt_tokens" integer NOT NULL,
	"cached_tokens" integer NOT NULL,
	"completion_tokens" integer NOT NULL,
	"reasoning_tokens" integer NOT NULL,
	"usage_source" text,
	"estimated_tokens" integer NOT NULL,
	"price_id" uuid,
	"hold" bigint NOT NULL,
	"charged" bigint NOT NULL,
	"uncollected" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "requests_money" CHECK ("requests"."charged" between 0 and "requests"."hold" and "requests"."uncollected" >= 0)
) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE TABLE "routes" (
	"model" text NOT NULL,
	"provider" text NOT NULL,
	"upstream_model" text NOT NULL,
	"priority" smallint DEFAULT 0 NOT NULL,
	"weight" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "routes_model_provider_upstream_model_pk" PRIMARY KEY("model","provider","upstream_model"),
	CONSTRAINT "routes_weight" CHECK ("routes"."weight" > 0)
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"name" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tiers" (
	"name" text PRIMARY KEY NOT NULL,
	"models" text[],
	"markup_ppm" bigint DEFAULT 1000000 NOT NULL,
	"requests_per_minute" integer,
	"tokens_per_minute" bigint,
	"concurrency" integer,
	"max_output_tokens" integer,
	"hold_output_tokens" integer,
	CONSTRAINT "tiers_markup" CHECK ("tiers"."markup_ppm" >= 0),
	CONSTRAINT "tiers_output" CHECK ("tiers"."max_output_tokens" > 0 and "tiers"."hold_output_tokens" > 0),
	CONSTRAINT "tiers_limits" CHECK ("tiers"."requests_per_minute" > 0 and "tiers"."tokens_per_minute" > 0 and "tiers"."concurrency" > 0)
);
--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_tier_tiers_name_fk" FOREIGN KEY ("tier") REFERENCES "public"."tiers"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_model_models_name_fk" FOREIGN KEY ("model") REFERENCES "public"."models"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_provider_providers_name_fk" FOREIGN KEY ("provider") REFERENCES "public"."providers"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_account" ON "api_keys" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "holds_instance" ON "holds" USING btree ("instance_id");--> statement-breakpoint
CREATE INDEX "holds_account" ON "holds" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "requests_account" ON "requests" USING btree ("account_id","id");