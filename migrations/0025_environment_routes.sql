CREATE TABLE "retired_secrets" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "retired_secrets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"fingerprint" "bytea" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"retired_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "retired_secrets_fingerprint_unique" UNIQUE("fingerprint")
);
--> statement-breakpoint
ALTER TABLE "routes" DROP CONSTRAINT "routes_provider_providers_name_fk";
--> statement-breakpoint
ALTER TABLE "routes" ADD COLUMN "source" text DEFAULT 'database' NOT NULL;--> statement-breakpoint
ALTER TABLE "routes" ADD COLUMN "database_provider" text GENERATED ALWAYS AS (case when source = 'database' then provider end) STORED;--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_provider_providers_name_fk" FOREIGN KEY ("database_provider") REFERENCES "public"."providers"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_source" CHECK ("routes"."source" in ('env', 'database'));