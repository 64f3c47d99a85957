-- Says that an instance lives, and what its running holds have cost so far {id, metered}: after a
-- crash that is what they are charged. It waits for no row: settlement comes first. The answer is
-- every live instance with its heartbeat; without a row for the caller, it was declared dead.
create function heartbeat_v1(p_instance uuid, p_metered json)
returns table (id uuid, heartbeat text) language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
begin
  with mine as (
    select h.id from holds h
      where h.id = any (array(select q.id from json_to_recordset(p_metered) as q(id uuid)))
      for update skip locked)
  update holds h set metered = greatest(h.metered, q.metered)
    from mine m join json_to_recordset(p_metered) as q(id uuid, metered bigint) on q.id = m.id
    where h.id = m.id;
  update instances i set heartbeat_at = clock_timestamp() where i.id = p_instance and i.state = 'live';
  return query select i.id, i.heartbeat_at::text from instances i where i.state = 'live';
end $$;
