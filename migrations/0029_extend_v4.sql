-- Lets running holds grow, as extend_v3 does, also those of a frozen account: what runs there is
-- served. A suspended or closed account gets nothing more. limited_by tells what stopped a hold: the
-- spending limit of its key, the status of its account, or the balance.
create function extend_v4(p_batch json)
returns table (id uuid, amount bigint, limited_by text)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  r record;
  v_now timestamptz;
  v_key uuid; v_more bigint; v_left bigint; v_status text;
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
    select a.status, least(r.amount - amount, a.posted - a.held) into v_status, v_more
      from accounts a where a.id = r.account_id;
    limited_by := 'balance';
    if v_status not in ('active', 'frozen') then
      limited_by := 'account';
      v_more := 0;
    elsif v_more > 0 then
      v_left := spend_left_v1(v_key, v_now) - key_holds_v1(r.account_id, v_key);
      if v_left < v_more then limited_by := 'key'; end if;
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
