-- What requests were paid for with, against what they cost. A row of p_batch {id, cost, crashed} is
-- a request as it was read: where a late result has replaced the record of a crash since, there is
-- no row in the answer. A cost of null is that of a request that was charged at the right price: it
-- is in the answer only if it was corrected before, and then costs what it was charged. `charged` is
-- what was charged in the end, earlier price corrections included; `due` what is still to be taken,
-- or to be given back where it is negative. What an adjustment of the request has given or taken is
-- not given or taken again, and never taken back.
create function price_dues_v1(p_batch json)
returns table (id uuid, account_id uuid, charged bigint, cost bigint, due bigint)
language sql stable set enable_seqscan = off as $$
  select q.id, r.account_id, c.charged::bigint, t.cost,
      case when t.cost < c.charged
        then least(0, t.cost - c.charged + greatest(a.given, 0))
        else greatest(0, t.cost - c.charged + least(a.given, 0)) end::bigint
    from json_to_recordset(p_batch) as q(id uuid, cost bigint, crashed boolean)
    cross join lateral (
      select r.account_id, r.charged from requests r
        where r.id = q.id and (r.outcome = 'crashed') = q.crashed offset 0) r
    cross join lateral (select coalesce(q.cost, r.charged) as cost) t
    cross join lateral (
      select r.charged - coalesce(sum(l.amount), 0) as charged, count(*) as corrections
        from ledger l where l.request_id = q.id and l.kind = 'price_correction' offset 0) c
    cross join lateral (
      select coalesce(sum(j.credits), 0) as given from adjustments j
        where j.request_id = q.id offset 0) a
    where q.cost is not null or c.corrections > 0
$$;
--> statement-breakpoint

-- A step of a price correction: corrects the requests of p_batch, rows {id, account_id, cost,
-- crashed}, once. In the phase `give` it gives back what they were charged too much, in the phase
-- `take` it takes what is missing, the oldest request first, as far as it is available. All that is
-- given is given first, so that nothing fails for want of credits that are the account's own.
-- Each movement is an entry of the ledger that names the request; its record stays as it is.
-- p_after is where the phase stands, p_until where it stands then; null ends it. A step that was
-- made before has no second effect. The answer is where the correction stands now; no row: there is
-- no such correction.
create function correct_prices_v1(p_reference text, p_phase text, p_after uuid, p_until uuid,
  p_batch json, p_left_alone bigint, p_assumed_markups bigint)
returns table (phase text, cursor uuid)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform 1 from price_corrections c
    where c.reference = p_reference and c.phase = p_phase and c.cursor = p_after for update;
  if found and p_phase <> 'done' then
    perform 1 from accounts
      where id = any (array(
        select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
      order by id for no key update;
    with dues as materialized (
      select d.*, a.posted, a.posted - a.held as available, a.seq,
          coalesce(sum(greatest(d.due, 0)) over before, 0) as due_before
        from price_dues_v1(p_batch) d
        cross join lateral (select * from accounts a where a.id = d.account_id offset 0) a
        window before as (partition by d.account_id order by d.id
          rows between unbounded preceding and 1 preceding)),
    moves as materialized (
      select d.*, case when p_phase = 'give' then greatest(-d.due, 0)
          else -least(greatest(d.due, 0), greatest(d.available - d.due_before, 0)) end as amount
        from dues d),
    entries as materialized (
      select m.account_id, m.id, m.amount, m.seq + row_number() over in_order as seq,
          m.posted + sum(m.amount) over in_order as balance
        from moves m where m.amount <> 0
        window in_order as (partition by m.account_id order by m.id)),
    written as (
      insert into ledger (account_id, seq, kind, amount, balance_after, request_id, reference)
        select e.account_id, e.seq, 'price_correction', e.amount, e.balance, e.id, p_reference
          from entries e),
    moved as (
      update accounts a set posted = a.posted + s.amount, seq = a.seq + s.entries
        from (select e.account_id, sum(e.amount) as amount, count(*) as entries
                from entries e group by 1) s
        where a.id = any (array(select e.account_id from entries e)) and a.id = s.account_id)
    insert into price_correction_accounts as t
        (reference, account_id, requests, charged, cost, given, due, taken)
      select p_reference, m.account_id,
          count(*) filter (where p_phase = 'give'),
          coalesce(sum(m.charged) filter (where p_phase = 'give'), 0),
          coalesce(sum(m.cost) filter (where p_phase = 'give'), 0),
          coalesce(sum(m.amount) filter (where p_phase = 'give'), 0),
          coalesce(sum(greatest(m.due, 0)) filter (where p_phase = 'take'), 0),
          coalesce(-sum(m.amount) filter (where p_phase = 'take'), 0)
        from moves m group by m.account_id
      on conflict (reference, account_id) do update set
        requests = t.requests + excluded.requests, charged = t.charged + excluded.charged,
        cost = t.cost + excluded.cost, given = t.given + excluded.given,
        due = t.due + excluded.due, taken = t.taken + excluded.taken;
    update price_corrections c set
        phase = case when p_until is not null then c.phase
          when c.phase = 'give' then 'take' else 'done' end,
        cursor = coalesce(p_until, '00000000-0000-0000-0000-000000000000'),
        left_alone = c.left_alone + p_left_alone,
        assumed_markups = c.assumed_markups + p_assumed_markups
      where c.reference = p_reference;
  end if;
  return query select c.phase, c.cursor from price_corrections c where c.reference = p_reference;
end $$;
