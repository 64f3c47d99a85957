CREATE TABLE "price_correction_accounts" (
	"reference" text NOT NULL,
	"account_id" uuid NOT NULL,
	"requests" bigint DEFAULT 0 NOT NULL,
	"charged" numeric DEFAULT 0 NOT NULL,
	"cost" numeric DEFAULT 0 NOT NULL,
	"given" numeric DEFAULT 0 NOT NULL,
	"due" numeric DEFAULT 0 NOT NULL,
	"taken" numeric DEFAULT 0 NOT NULL,
	CONSTRAINT "price_correction_accounts_reference_account_id_pk" PRIMARY KEY("reference","account_id")
);
--> statement-breakpoint
CREATE TABLE "price_corrections" (
	"reference" text PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"until" timestamp with time zone,
	"reason" text NOT NULL,
	"phase" text DEFAULT 'give' NOT NULL,
	"cursor" uuid DEFAULT '00000000-0000-0000-0000-000000000000' NOT NULL,
	"left_alone" bigint DEFAULT 0 NOT NULL,
	"assumed_markups" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "price_corrections_phase" CHECK ("price_corrections"."phase" in ('give', 'take', 'done')),
	CONSTRAINT "price_corrections_time" CHECK ("price_corrections"."since" < "price_corrections"."until")
);
--> statement-breakpoint
ALTER TABLE "ledger" DROP CONSTRAINT "ledger_kind";--> statement-breakpoint
ALTER TABLE "ledger" DROP CONSTRAINT "ledger_sign";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "markup_ppm" bigint;--> statement-breakpoint
CREATE INDEX "ledger_corrected" ON "ledger" USING btree ("request_id") WHERE "ledger"."kind" = 'price_correction';--> statement-breakpoint
-- Not validated: they allow all that the old ones did, so that nothing there has to be read.
ALTER TABLE "ledger" ADD CONSTRAINT "ledger_kind" CHECK ("ledger"."kind" in ('charge', 'grant', 'adjustment', 'late_charge', 'price_correction')) NOT VALID;--> statement-breakpoint
ALTER TABLE "ledger" ADD CONSTRAINT "ledger_sign" CHECK (("ledger"."kind" <> 'grant' or "ledger"."amount" > 0)
        and ("ledger"."kind" <> 'charge' or "ledger"."amount" < 0)
        and ("ledger"."kind" not in ('charge', 'late_charge', 'price_correction')
          or "ledger"."request_id" is not null)
        and ("ledger"."kind" <> 'price_correction' or "ledger"."reference" is not null)) NOT VALID;