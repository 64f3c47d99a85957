-- What drizzle-kit can not write: storage settings, the append-only ledger, partitions.

-- accounts and holds are small and hot: room for HOT updates, and vacuum by count, not by share.
alter table accounts set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);
--> statement-breakpoint
alter table holds set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);
--> statement-breakpoint
insert into tiers (name) values ('default');
--> statement-breakpoint

-- The ledger is append-only for everyone.
create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: correct an entry with an adjustment';
end $$;
--> statement-breakpoint
create trigger ledger_append_only before update or delete or truncate on ledger
  for each statement execute function ledger_is_append_only();
--> statement-breakpoint

-- requests is partitioned by month, on the time inside its UUIDv7 ids.
create table requests_default partition of requests default;
--> statement-breakpoint
create function uuid_v7_floor_v1(p_at timestamptz) returns uuid language sql stable as $$
  select (lpad(to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
--> statement-breakpoint
create function ensure_request_partitions_v1(p_months_ahead int) returns void language plpgsql as $$
declare
  v_month timestamptz := date_trunc('month', clock_timestamp() at time zone 'utc') at time zone 'utc';
  v_next timestamptz;
begin
  for i in 0..p_months_ahead loop
    v_next := (v_month at time zone 'utc' + interval '1 month') at time zone 'utc';
    execute format('create table if not exists %I partition of requests for values from (%L) to (%L)',
      'requests_' || to_char(v_month at time zone 'utc', 'YYYY_MM'),
      uuid_v7_floor_v1(v_month), uuid_v7_floor_v1(v_next));
    v_month := v_next;
  end loop;
end $$;
--> statement-breakpoint
select ensure_request_partitions_v1(3);
