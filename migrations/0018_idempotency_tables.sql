CREATE TABLE "idempotency_answers" (
	"request_id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"status" smallint NOT NULL,
	"headers" jsonb NOT NULL,
	"body" "bytea" NOT NULL,
	"bytes" integer NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"account_id" uuid NOT NULL,
	"key" "bytea" NOT NULL,
	"request_id" uuid NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"instance_id" uuid,
	"state" text DEFAULT 'running' NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_account_id_key_pk" PRIMARY KEY("account_id","key"),
	CONSTRAINT "idempotency_keys_state" CHECK ("idempotency_keys"."state" in ('running', 'done'))
);
--> statement-breakpoint
CREATE TABLE "idempotency_space" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"bytes" bigint NOT NULL,
	CONSTRAINT "idempotency_space_bytes" CHECK ("idempotency_space"."bytes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "idempotency_superseded" (
	"request_id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "idempotency_answers_account" ON "idempotency_answers" USING btree ("account_id","expires_at");--> statement-breakpoint
CREATE INDEX "idempotency_answers_expiry" ON "idempotency_answers" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_expiry" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_running" ON "idempotency_keys" USING btree ("instance_id") WHERE "idempotency_keys"."state" = 'running';--> statement-breakpoint
CREATE INDEX "idempotency_superseded_at" ON "idempotency_superseded" USING btree ("at");