-- Lets running holds grow. A row {id, account_id, amount} names the amount its hold should have;
-- it gets as much of that as is available. The answer is the amount the hold has now, so a call
-- whose answer was lost can simply be made again. An id without a row in the answer is not held.
create function extend_v1(p_batch json)
returns table (id uuid, amount bigint)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  r record;
  v_more bigint;
begin
  perform 1 from accounts
    where id = any (array(select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
    order by id for no key update;
  for r in
    select q.* from json_to_recordset(p_batch) as q(id uuid, account_id uuid, amount bigint)
      order by q.account_id
  loop
    select h.amount into amount from holds h where h.id = r.id for update;
    continue when not found;
    select greatest(least(r.amount - amount, a.posted - a.held), 0) into v_more
      from accounts a where a.id = r.account_id and a.status = 'active';
    v_more := coalesce(v_more, 0);
    if v_more > 0 then
      update holds h set amount = h.amount + v_more where h.id = r.id;
      update accounts a set held = a.held + v_more where a.id = r.account_id;
    end if;
    id := r.id; amount := amount + v_more;
    return next;
  end loop;
end $$;
