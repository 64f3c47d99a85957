CREATE TABLE "key_spends" (
	"key_id" uuid PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"spent" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "token_buckets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"level" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledger" DROP CONSTRAINT "ledger_sign";--> statement-breakpoint
ALTER TABLE "holds" ADD COLUMN "tokens" bigint;--> statement-breakpoint
ALTER TABLE "holds" ADD COLUMN "account_tpm" bigint;--> statement-breakpoint
ALTER TABLE "holds" ADD COLUMN "key_tpm" bigint;--> statement-breakpoint
ALTER TABLE "key_spends" ADD CONSTRAINT "key_spends_key_id_api_keys_id_fk" FOREIGN KEY ("key_id") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
-- Not validated: it allows all that the old one did, so that nothing there has to be read.
ALTER TABLE "ledger" ADD CONSTRAINT "ledger_sign" CHECK (("ledger"."kind" <> 'grant' or "ledger"."amount" > 0)
        and ("ledger"."kind" <> 'charge' or "ledger"."amount" < 0)
        and ("ledger"."kind" not in ('charge', 'late_charge') or "ledger"."request_id" is not null)) NOT VALID;