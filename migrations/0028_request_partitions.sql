-- Makes the partitions of `requests` for this month and the next ones, as
-- ensure_request_partitions_v1 does, also where a month's first records are in the default partition
-- already, since nobody has made its own in time: they move.
create function ensure_request_partitions_v2(p_months_ahead int) returns void language plpgsql as $$
declare
  v_month timestamptz := date_trunc('month', clock_timestamp(), 'UTC');
  v_next timestamptz;
  v_name text;
begin
  perform pg_advisory_xact_lock(x'746f6c6c'::int);  -- that of migrations: one at a time
  for i in 0..p_months_ahead loop
    v_next := (v_month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    v_name := 'requests_' || to_char(v_month at time zone 'UTC', 'YYYY_MM');
    if to_regclass(v_name) is null then
      lock table requests_default in access exclusive mode;
      execute format('create table %I (like requests including all)', v_name);
      execute format('with late as (
          delete from requests_default where id >= %L and id < %L returning *)
        insert into %I select * from late',
        uuid_v7_floor_v1(v_month), uuid_v7_floor_v1(v_next), v_name);
      execute format('alter table requests attach partition %I for values from (%L) to (%L)',
        v_name, uuid_v7_floor_v1(v_month), uuid_v7_floor_v1(v_next));
    end if;
    v_month := v_next;
  end loop;
end $$;
