-- Ends holds, exactly once: whoever deletes the hold settles it. A row is {id, account_id, cost,
-- record}; a cost above the hold first takes what is available, the rest is uncollected. `record`
-- becomes the request's terminal row. An id without a row in the answer had no open hold: it was
-- settled before (then requests has it) or never held.
create function settle_v1(p_batch json)
returns table (id uuid, charged bigint, uncollected bigint)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  r record;
  v_account uuid; v_posted bigint; v_available bigint; v_seq bigint; v_extra bigint;
  v_ids uuid[] := '{}'; v_holds bigint[] := '{}'; v_charged bigint[] := '{}'; v_uncollected bigint[] := '{}';
  v_entry_ids uuid[] := '{}'; v_entry_accounts uuid[] := '{}'; v_entry_seqs bigint[] := '{}';
  v_entry_amounts bigint[] := '{}'; v_entry_balances bigint[] := '{}';
  v_accounts uuid[] := '{}'; v_unheld bigint[] := '{}'; v_costs bigint[] := '{}'; v_entries bigint[] := '{}';
begin
  perform 1 from accounts
    where id = any (array(select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
    order by id for no key update;
  for r in
    with gone as (
      delete from holds h
        where h.id = any (array(select q.id from json_to_recordset(p_batch) as q(id uuid)))
        returning h.id, h.account_id, h.amount)
    select g.id, g.account_id, g.amount, q.cost
      from gone g
      join (select distinct on (q.id) q.id, q.cost  -- a row sent twice settles once
              from json_to_recordset(p_batch) as q(id uuid, cost bigint)) q on q.id = g.id
      order by g.account_id, q.cost > g.amount, g.id  -- what gives money back goes first
  loop
    if v_account is distinct from r.account_id then
      v_account := r.account_id;
      select a.posted, a.posted - a.held, a.seq into v_posted, v_available, v_seq
        from accounts a where a.id = r.account_id;
    end if;
    v_extra := least(greatest(r.cost - r.amount, 0), v_available);
    id := r.id;
    charged := least(r.cost, r.amount + v_extra);
    uncollected := r.cost - charged;
    v_available := v_available + r.amount - charged;
    v_ids := v_ids || id; v_holds := v_holds || (r.amount + v_extra);
    v_charged := v_charged || charged; v_uncollected := v_uncollected || uncollected;
    v_accounts := v_accounts || v_account; v_unheld := v_unheld || r.amount; v_costs := v_costs || charged;
    v_entries := v_entries || (case when charged > 0 then 1 else 0 end)::bigint;
    if charged > 0 then
      v_seq := v_seq + 1; v_posted := v_posted - charged;
      v_entry_ids := v_entry_ids || id; v_entry_accounts := v_entry_accounts || v_account;
      v_entry_seqs := v_entry_seqs || v_seq; v_entry_amounts := v_entry_amounts || -charged;
      v_entry_balances := v_entry_balances || v_posted;
    end if;
    return next;
  end loop;
  update accounts a
    set held = a.held - s.unheld, posted = a.posted - s.cost, seq = a.seq + s.entries
    from (select t.account_id, sum(t.unheld)::bigint as unheld, sum(t.cost)::bigint as cost, sum(t.entries)::bigint as entries
            from unnest(v_accounts, v_unheld, v_costs, v_entries) t(account_id, unheld, cost, entries) group by 1) s
    where a.id = s.account_id;
  insert into ledger (account_id, seq, kind, amount, balance_after, request_id)
    select t.account_id, t.seq, 'charge', t.amount, t.balance, t.id
      from unnest(v_entry_ids, v_entry_accounts, v_entry_seqs, v_entry_amounts, v_entry_balances)
        t(id, account_id, seq, amount, balance);
  perform insert_requests_v1(p_batch, v_ids, v_holds, v_charged, v_uncollected);
end $$;
