CREATE TABLE "price_names" (
	"provider" text NOT NULL,
	"catalogue" text NOT NULL,
	"source" text NOT NULL,
	"rules" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "price_names_provider_catalogue_pk" PRIMARY KEY("provider","catalogue")
);
--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "details" jsonb;--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "source" text DEFAULT 'manual' NOT NULL;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "usage_details" jsonb;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "fallback_rate" bigint;