-- Tells every instance at once that something it caches has changed. The payload is the table's
-- name; a reader that missed it finds out by age (a second at most for keys).
create function notify_change_v1() returns trigger language plpgsql as $$
begin
  perform pg_notify('tollkeeper_changes', tg_table_name);
  return null;
end $$;
--> statement-breakpoint
create trigger api_keys_changed after update or delete on api_keys for each statement execute function notify_change_v1();
--> statement-breakpoint
create trigger tiers_changed after insert or update or delete on tiers for each statement execute function notify_change_v1();
--> statement-breakpoint
create trigger models_changed after insert or update or delete on models for each statement execute function notify_change_v1();
--> statement-breakpoint
create trigger prices_changed after insert or update or delete on prices for each statement execute function notify_change_v1();
--> statement-breakpoint
create trigger accounts_status_changed after update of status, tier on accounts for each statement execute function notify_change_v1();
--> statement-breakpoint
create trigger providers_changed after insert or update or delete on providers for each statement execute function notify_change_v1();
--> statement-breakpoint
create trigger routes_changed after insert or update or delete on routes for each statement execute function notify_change_v1();
