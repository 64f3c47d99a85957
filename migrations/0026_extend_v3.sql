-- Lets running holds grow, as extend_v2 does, and tells whether it was the spending limit of the key
-- that stopped one, and not the balance of its account.
create function extend_v3(p_batch json)
returns table (id uuid, amount bigint, by_key boolean)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  r record;
  v_now timestamptz;
  v_key uuid; v_more bigint; v_left bigint;
begin
  perform 1 from accounts
    where id = any (array(
      select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
    order by id for no key update;
  v_now := clock_timestamp();
  for r in
    select q.* from json_to_recordset(p_batch) as q(id uuid, account_id uuid, amount bigint)
      order by q.account_id
  loop
    select h.amount, h.key_id into amount, v_key from holds h where h.id = r.id for update;
    continue when not found;
    by_key := false;
    select least(r.amount - amount, a.posted - a.held) into v_more
      from accounts a where a.id = r.account_id and a.status = 'active';
    if v_more > 0 then
      v_left := spend_left_v1(v_key, v_now) - key_holds_v1(r.account_id, v_key);
      by_key := coalesce(v_left < v_more, false);
      v_more := least(v_more, v_left);
    end if;
    if v_more > 0 then
      amount := amount + v_more;
      update holds h set amount = h.amount + v_more where h.id = r.id;
      update accounts a set held = a.held + v_more where a.id = r.account_id;
    end if;
    id := r.id;
    return next;
  end loop;
end $$;
