-- The audit that runs by itself. It reads what has moved since each account's mark, in bounded
-- pieces; what lies below the mark is for the full audit.
insert into audit_progress default values;
--> statement-breakpoint

-- Looks at accounts in one snapshot, so that running traffic breaks no rule: being stable, it sees
-- the moment of the statement that calls it. A row for each account: the mark that follows, whether
-- that has to be written, and the first violation of each rule, or null.
-- A charge is compared with the record of its request. Whatever does not fit at first sight (a late
-- charge, a record older than its charge, a record whose charge is not among the new entries) is
-- looked up in the ledger before anybody is accused.
-- `offset 0` makes a look into an index for each row, whatever the planner believes.
create function audit_look_v1(p_accounts uuid[], p_entries_max int, p_at timestamptz)
returns table (id uuid, next_seq bigint, next_posted bigint, next_whole_at timestamptz,
  is_news boolean, violations json)
language plpgsql stable set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  -- Records are found by when their request began, which may be so long before the last look.
  c_began_before constant interval := '30 seconds';
  c_records_max constant int := 4000;
  -- Record and charge are written in one transaction, hardly further apart than this.
  c_together constant interval := '100 milliseconds';
  -- Entries below the mark in which a charge in doubt is looked up.
  c_look_back constant int := 50000;
begin
  return query
  with looked as materialized (
    select a.id, a.posted, a.held, a.seq, m.account_id is null as is_first,
        coalesce(m.seq, 0) as mark_seq, coalesce(m.posted, 0) as mark_posted,
        case when m.account_id is null then 'epoch' else m.whole_at end as whole_at
      from accounts a
      left join lateral (
        select * from audit_marks m where m.account_id = a.id offset 0) m on true
      where a.id = any (p_accounts)),
  -- What has come since the mark, each entry with what it should have left.
  entries as materialized (
    select k.id, l.seq, l.kind, l.amount, l.balance_after, l.request_id, l.created_at,
        l.amount::numeric + lag(l.balance_after, 1, k.mark_posted) over by_seq as expected,
        lead(l.seq) over by_seq is null as is_last
      from looked k
      cross join lateral (
        select * from ledger l where l.account_id = k.id and l.seq > k.mark_seq
          order by l.seq limit p_entries_max) l
      window by_seq as (partition by k.id order by l.seq)),
  accounts_read as materialized (
    select k.*, coalesce(e.entries, 0) as entries, coalesce(e.amount, 0) as amount,
        coalesce(e.newest, k.mark_seq) as newest, e.balance,
        coalesce(e.entries, 0) < p_entries_max as is_whole
      from looked k
      left join (
        select e.id, count(*) as entries, sum(e.amount) as amount, max(e.seq) as newest,
            max(e.balance_after) filter (where e.is_last) as balance
          from entries e group by e.id) e on e.id = k.id),
  -- What the new entries took for each request.
  taken as materialized (
    select e.id, e.request_id, -sum(e.amount) as amount,
        max(e.created_at) filter (where e.kind = 'charge') as charged_at
      from entries e where e.kind in ('charge', 'late_charge') group by 1, 2),
  -- The records since the last look: one range of an index, which is cheaper than one look each.
  recent as materialized (
    select k.id, r.id as request_id, r.charged, r.created_at, k.whole_at
      from accounts_read k
      cross join lateral (
        select r.id, r.charged, r.created_at from requests r
          where r.account_id = k.id
            and r.id >= uuid_v7_floor_v1(greatest(k.whole_at - c_began_before, 'epoch'))
          order by r.id desc limit c_records_max) r
      where k.is_whole and k.whole_at is not null),
  -- Charges whose record is not there or says something else, and records without a charge there.
  odd as materialized (
    select coalesce(t.id, c.id) as id, coalesce(t.request_id, c.request_id) as request_id,
        t.id is null as is_record, t.amount, t.charged_at
      from taken t
      full join recent c on (c.id, c.request_id) = (t.id, t.request_id)
      where (t.id is null and c.charged > 0 and c.created_at > c.whole_at)
        or (t.id is not null
          and (c.charged is distinct from t.amount or c.created_at < t.charged_at - c_together))),
  -- The same, where the request's own record does not explain it: it may have begun long ago.
  doubts as materialized (
    select o.id, o.request_id
      from odd o
      left join lateral (
        select r.charged, r.created_at from requests r
          where r.id = o.request_id and r.account_id = o.id offset 0) r on true
      where o.is_record or r.charged is distinct from o.amount
        or r.created_at < o.charged_at - c_together),
  -- All that the ledger took for them: in entries below the mark too, and late.
  charges_back as materialized (
    select k.id, l.request_id, -sum(l.amount) as amount
      from accounts_read k
      cross join lateral (
        select l.request_id, l.amount from ledger l
          where l.account_id = k.id and l.kind = 'charge'
            and l.seq > k.mark_seq - c_look_back and l.seq <= k.newest offset 0) l
      where k.id in (select d.id from doubts d)
      group by 1, 2),
  charges as materialized (
    select d.id, d.request_id, r.charged as recorded,
        coalesce(c.amount + coalesce(late.amount, 0), late.amount) as taken,
        c.amount is not null or k.mark_seq <= c_look_back as is_known
      from doubts d
      join accounts_read k on k.id = d.id
      left join charges_back c on c.id = d.id and c.request_id = d.request_id
      left join lateral (
        select r.charged from requests r
          where r.id = d.request_id and r.account_id = d.id offset 0) r on true
      left join lateral (
        select -sum(l.amount) as amount from ledger l
          where l.request_id = d.request_id and l.account_id = d.id and l.kind = 'late_charge'
          offset 0) late on true),
  violations (id, rule, subject, expected, found) as (
    select k.id, 'posted_is_ledger_sum', null, k.mark_posted + k.amount, k.posted
      from accounts_read k where k.is_whole and k.posted <> k.mark_posted + k.amount
    union all
    select k.id, 'held_is_open_holds', null, h.held, k.held
      from accounts_read k
      cross join lateral (
        select coalesce(sum(h.amount), 0) as held from holds h where h.account_id = k.id) h
      where k.held <> h.held
    union all
    select k.id, 'available_not_negative', null, 0, k.posted - k.held
      from accounts_read k where k.posted - k.held < 0
    union all
    select k.id, 'seq_without_gap', k.newest::text,
        case when k.is_whole then k.seq else k.newest end, k.mark_seq + k.entries
      from accounts_read k
      where k.newest - k.mark_seq <> k.entries or (k.is_whole and k.newest <> k.seq)
    union all
    (select distinct on (e.id) e.id, 'balance_after_chains', e.seq::text, e.expected,
          e.balance_after
      from entries e where e.balance_after <> e.expected order by e.id, e.seq)
    union all
    (select distinct on (c.id) c.id, 'charge_is_recorded', c.request_id::text, c.taken, c.recorded
      from charges c
      where c.taken is not null and (c.recorded is null or (c.is_known and c.recorded <> c.taken))
      order by c.id, c.request_id)
    union all
    (select distinct on (c.id) c.id, 'record_is_charged', c.request_id::text, c.recorded, null
      from charges c where c.taken is null order by c.id, c.request_id))
  select k.id, case when k.is_whole then k.seq else k.newest end,
      case when k.is_whole then k.posted else k.balance end,
      case when k.is_whole then p_at end,
      k.is_first or k.entries > 0 or (k.mark_seq, k.mark_posted) <> (k.seq, k.posted)
        or k.whole_at is null or k.id in (select c.id from recent c),
      v.violations
    from accounts_read k
    left join (
      select v.id, json_agg(json_build_object('rule', v.rule, 'subject', v.subject,
          'expected', v.expected, 'found', v.found)) as violations
        from violations v group by v.id) v on v.id = k.id
    order by k.id;
end $$;
--> statement-breakpoint

-- One batch of the audit: looks at accounts, moves their marks, keeps what it finds and freezes the
-- active accounts it is about. p_moved names the accounts; null takes the next ones of the pass
-- over all, but not before p_sweep_ms have gone by since its last batch, and p_pass_ms since the
-- beginning of the pass before. At most p_accounts_max accounts, fewer where they have more than
-- p_batch_entries new entries together. One instance works at a time: to the others, and where
-- nothing is due, it answers nothing. A row for each account looked at, with the violations that
-- were not kept before.
create function audit_step_v1(p_moved uuid[], p_accounts_max int, p_entries_max int,
  p_batch_entries int, p_sweep_ms int, p_pass_ms int)
returns table (id uuid, is_whole boolean, is_frozen boolean, violations json)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  c_first constant uuid := '00000000-0000-0000-0000-000000000000';
  v_turn audit_progress;
  v_accounts uuid[];
  v_at timestamptz := clock_timestamp();
  v_last uuid;
  v_ends boolean;
  r record;
begin
  -- A clock that was set back counts like one that went on.
  select * into v_turn from audit_progress p
    where p_moved is not null or (
      abs(extract(epoch from v_at - p.looked_at)) * 1000 >= p_sweep_ms
      and (p.cursor <> c_first
        or abs(extract(epoch from v_at - p.began_at)) * 1000 >= p_pass_ms))
    for update skip locked;
  if not found then return; end if;
  v_accounts := array(
    select t.id from (
      select c.id, c.ord, sum(least(greatest(a.seq - coalesce(m.seq, 0), 0), p_entries_max))
            over (order by c.ord) as entries
        from (
          select q.id, q.ord from unnest(p_moved) with ordinality q(id, ord)
          union all
          (select a.id, row_number() over (order by a.id) from accounts a
            where p_moved is null and a.id > v_turn.cursor order by a.id limit p_accounts_max)) c
        cross join lateral (select a.seq from accounts a where a.id = c.id offset 0) a
        left join lateral (
          select m.seq from audit_marks m where m.account_id = c.id offset 0) m on true
        where c.ord <= p_accounts_max) t
      where t.ord = 1 or t.entries <= p_batch_entries
      order by t.ord);
  v_at := clock_timestamp();
  for r in select * from audit_look_v1(v_accounts, p_entries_max, v_at) loop
    if r.is_news then
      insert into audit_marks (account_id, seq, posted, whole_at)
        values (r.id, r.next_seq, r.next_posted, r.next_whole_at)
        on conflict (account_id) do update
          set seq = excluded.seq, posted = excluded.posted, whole_at = excluded.whole_at;
    end if;
    id := r.id; is_whole := r.next_whole_at is not null; is_frozen := false; violations := null;
    if r.violations is not null then
      with kept as (
        insert into audit_violations (account_id, rule, subject, expected, found)
          select r.id, q.rule, q.subject, q.expected, q.found
            from json_to_recordset(r.violations)
              as q(rule text, subject text, expected numeric, found numeric)
            where not exists (
              select from audit_violations v where v.account_id = r.id and v.lifted_at is null
                and v.rule = q.rule and v.subject is not distinct from q.subject)
          returning rule, subject, expected, found)
      select json_agg(json_build_object('rule', k.rule, 'subject', k.subject,
          'expected', k.expected::text, 'found', k.found::text)) into violations from kept k;
      update accounts a set status = 'frozen' where a.id = r.id and a.status = 'active';
      is_frozen := found;
    end if;
    return next;
  end loop;
  if p_moved is null then
    v_last := v_accounts[cardinality(v_accounts)];
    v_ends := not exists (
      select from accounts a where a.id > coalesce(v_last, v_turn.cursor));
    v_turn.accounts := v_turn.accounts + cardinality(v_accounts);
    update audit_progress p set
      looked_at = v_at,
      began_at = case when v_turn.cursor = c_first then v_at else p.began_at end,
      cursor = case when v_ends then c_first else v_last end,
      accounts = case when v_ends then 0 else v_turn.accounts end,
      passed_at = case when v_ends then v_at else p.passed_at end,
      passed_accounts = case when v_ends then v_turn.accounts else p.passed_accounts end;
  end if;
end $$;
