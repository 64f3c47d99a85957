CREATE TABLE "audit_marks" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"posted" bigint NOT NULL,
	"whole_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "audit_progress" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"cursor" uuid DEFAULT '00000000-0000-0000-0000-000000000000' NOT NULL,
	"accounts" bigint DEFAULT 0 NOT NULL,
	"began_at" timestamp with time zone DEFAULT 'epoch' NOT NULL,
	"looked_at" timestamp with time zone DEFAULT 'epoch' NOT NULL,
	"passed_at" timestamp with time zone,
	"passed_accounts" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "audit_progress_only" CHECK ("audit_progress"."only")
);
--> statement-breakpoint
CREATE TABLE "audit_violations" (
	"account_id" uuid NOT NULL,
	"rule" text NOT NULL,
	"subject" text,
	"expected" numeric NOT NULL,
	"found" numeric,
	"found_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"lifted_at" timestamp with time zone,
	CONSTRAINT "audit_violations_account_id_found_at_rule_pk" PRIMARY KEY("account_id","found_at","rule")
);
--> statement-breakpoint
CREATE TABLE "adjustments" (
	"account_id" uuid NOT NULL,
	"reference" text NOT NULL,
	"credits" bigint NOT NULL,
	"request_id" uuid,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "adjustments_account_id_reference_pk" PRIMARY KEY("account_id","reference"),
	CONSTRAINT "adjustments_credits" CHECK ("adjustments"."credits" <> 0)
);
--> statement-breakpoint
ALTER TABLE "accounts" DROP CONSTRAINT "accounts_status";--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "adjustments_request" ON "adjustments" USING btree ("request_id") WHERE "adjustments"."request_id" is not null;--> statement-breakpoint
CREATE INDEX "ledger_late" ON "ledger" USING btree ("request_id") WHERE "ledger"."kind" = 'late_charge';--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_status" CHECK ("accounts"."status" in ('active', 'suspended', 'closed', 'frozen'));