-- What drizzle-kit can not write: storage settings, the first rows, and the functions that move
-- money. One function call is one statement and one transaction. A change to a function is a new
-- function with the next version in its name, so that two versions of Tollkeeper can run side by
-- side on one database.

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
--> statement-breakpoint

-- The units in a bucket of p_limit requests a minute now: full when it was never drawn from. Time
-- beyond the minute that fills it does not count, so that no product leaves bigint. A clock that was
-- set back counts like one that went on: nobody waits until it has caught up.
create function bucket_level_v1(p_id uuid, p_limit int, p_now bigint) returns bigint language sql stable as $$
  select least(coalesce((select b.level + least(abs(p_now - b.at), 60000000) * p_limit
                           from rate_buckets b where b.id = p_id),
                        p_limit * 60000000::bigint), p_limit * 60000000::bigint)
$$;
--> statement-breakpoint
create function draw_bucket_v1(p_id uuid, p_level bigint, p_now bigint) returns void language sql as $$
  insert into rate_buckets (id, level, at) values (p_id, p_level, p_now)
    on conflict (id) do update set level = excluded.level, at = excluded.at
$$;
--> statement-breakpoint
-- Milliseconds until a bucket with p_level units has those of a request.
create function bucket_wait_v1(p_level bigint, p_limit int) returns bigint language sql immutable as $$
  select (greatest(60000000 - p_level, 0) + p_limit * 1000 - 1) / (p_limit * 1000)
$$;
--> statement-breakpoint

-- Places holds. Each row of p_batch {id, account_id, key_id, amount, minimum, terms} gets its own
-- answer, in order of arrival and greedily: a small hold is not refused because a bigger one
-- stood before it. A row is granted `amount`, or what is available when that is at least `minimum`.
-- A row may have limits: account_rpm and key_rpm (requests a minute), account_concurrency and
-- key_concurrency (open holds). Only an admitted request counts against them.
-- outcome: held | insufficient (posted can not pay the minimum) | credits_held (running requests
-- hold what is missing) | rate_limited (wait_ms says for how long) | too_many | inactive |
-- no_account | ended (the id was settled before).
-- p_replay: the answer to an earlier call with these ids was lost, so look for them first.
create function reserve_v1(p_instance uuid, p_batch json, p_replay boolean)
returns table (id uuid, outcome text, granted bigint, wait_ms bigint, remaining bigint)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  c_request constant bigint := 60000000;  -- units of one request in a bucket
  r record;
  v_account uuid; v_status text; v_posted bigint; v_available bigint;
  v_now bigint; v_account_level bigint; v_key_level bigint;
  v_ids uuid[] := '{}'; v_accounts uuid[] := '{}'; v_keys uuid[] := '{}';
  v_amounts bigint[] := '{}'; v_terms json[] := '{}';
begin
  -- One global lock order, then decide: the next statement has a fresh snapshot of what is locked.
  perform 1 from accounts
    where id = any (array(select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
    order by id for no key update;
  v_now := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  for r in
    select q.* from rows from (json_to_recordset(p_batch) as
        (id uuid, account_id uuid, key_id uuid, amount bigint, minimum bigint, terms json,
         account_rpm int, key_rpm int, account_concurrency int, key_concurrency int))
      with ordinality as q(id, account_id, key_id, amount, minimum, terms,
        account_rpm, key_rpm, account_concurrency, key_concurrency, ord)
      order by q.account_id, q.ord
  loop
    if v_account is distinct from r.account_id then
      v_account := r.account_id; v_status := null; v_posted := 0; v_available := 0;
      select a.status, a.posted, a.posted - a.held into v_status, v_posted, v_available
        from accounts a where a.id = r.account_id;
    end if;
    id := r.id; granted := 0; outcome := null; wait_ms := 0; remaining := null;
    if p_replay then
      select 'held', h.amount into outcome, granted from holds h where h.id = r.id;
      granted := coalesce(granted, 0);
      if outcome is null and exists (select 1 from requests q where q.id = r.id) then
        outcome := 'ended';
      end if;
    end if;
    if outcome is null and r.account_rpm is not null then
      v_account_level := bucket_level_v1(r.account_id, r.account_rpm, v_now);
      remaining := v_account_level / c_request;
      wait_ms := bucket_wait_v1(v_account_level, r.account_rpm);
      if v_account_level < c_request then outcome := 'rate_limited'; end if;
    end if;
    if outcome is null and r.key_rpm is not null then
      v_key_level := bucket_level_v1(r.key_id, r.key_rpm, v_now);
      remaining := least(remaining, v_key_level / c_request);
      wait_ms := bucket_wait_v1(v_key_level, r.key_rpm);
      if v_key_level < c_request then outcome := 'rate_limited'; end if;
    end if;
    if outcome is null and r.account_concurrency <=
        (select count(*) from holds h where h.account_id = r.account_id)
        + (select count(*) from unnest(v_accounts) t(id) where t.id = r.account_id) then
      outcome := 'too_many';
    end if;
    if outcome is null and r.key_concurrency <=
        (select count(*) from holds h where h.account_id = r.account_id and h.key_id = r.key_id)
        + (select count(*) from unnest(v_keys) t(id) where t.id = r.key_id) then
      outcome := 'too_many';
    end if;
    if outcome is not null then null;
    elsif v_status is null then outcome := 'no_account';
    elsif v_status <> 'active' then outcome := 'inactive';
    elsif v_available >= r.minimum then
      outcome := 'held';
      granted := least(r.amount, v_available);
      v_available := v_available - granted;
      v_ids := v_ids || r.id; v_accounts := v_accounts || r.account_id;
      v_keys := v_keys || r.key_id; v_amounts := v_amounts || granted; v_terms := v_terms || r.terms;
      if r.account_rpm is not null then
        perform draw_bucket_v1(r.account_id, v_account_level - c_request, v_now);
      end if;
      if r.key_rpm is not null then
        perform draw_bucket_v1(r.key_id, v_key_level - c_request, v_now);
      end if;
      remaining := remaining - 1;
    elsif v_posted >= r.minimum then outcome := 'credits_held';
    else outcome := 'insufficient';
    end if;
    return next;
  end loop;
  insert into holds (id, account_id, key_id, instance_id, amount, terms)
    select t.id, t.account_id, t.key_id, p_instance, t.amount, t.terms::jsonb
      from unnest(v_ids, v_accounts, v_keys, v_amounts, v_terms) t(id, account_id, key_id, amount, terms);
  update accounts a set held = a.held + s.amount
    from (select t.account_id, sum(t.amount)::bigint as amount
            from unnest(v_accounts, v_amounts) t(account_id, amount) group by 1) s
    where a.id = s.account_id;
end $$;
--> statement-breakpoint

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
--> statement-breakpoint

-- Writes the terminal records of the rows of p_batch {id, account_id, record} that are in p_ids, with
-- their money. A record has the columns of `requests` by name. Where the request has a record that
-- held nothing, it is replaced: no record may keep a hold from being settled.
create function insert_requests_v1(p_batch json, p_ids uuid[], p_holds bigint[], p_charged bigint[], p_uncollected bigint[])
returns void language sql set enable_nestloop = off as $$
  insert into requests (id, account_id, key_id, endpoint, model, provider, base_url, upstream_model, stream, status,
      outcome, stage, stages, attempts, slices, error_code, error, ttft_ms, duration_ms, chunk_count, completion_length,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, usage_source, estimated_tokens, price_id,
      hold, charged, uncollected)
    select t.id, q.account_id, x.key_id, x.endpoint, x.model, x.provider, x.base_url, x.upstream_model, x.stream, x.status,
      x.outcome, x.stage, x.stages, x.attempts, x.slices, x.error_code, x.error, x.ttft_ms, x.duration_ms, x.chunk_count,
      x.completion_length, x.prompt_tokens, x.cached_tokens, x.completion_tokens, x.reasoning_tokens, x.usage_source,
      x.estimated_tokens, x.price_id, t.hold, t.charged, t.uncollected
    from unnest(p_ids, p_holds, p_charged, p_uncollected) t(id, hold, charged, uncollected)
    join (select distinct on (q.id) q.id, q.account_id, q.record
            from json_to_recordset(p_batch) as q(id uuid, account_id uuid, record json)) q on q.id = t.id
    cross join lateral json_to_record(q.record) as x(key_id uuid, endpoint text, model text, provider text, base_url text,
      upstream_model text, stream boolean, status smallint, outcome text, stage text, stages jsonb, attempts jsonb,
      slices int, error_code text, error jsonb, ttft_ms int, duration_ms int, chunk_count int, completion_length int,
      prompt_tokens int, cached_tokens int, completion_tokens int, reasoning_tokens int, usage_source text,
      estimated_tokens int, price_id uuid)
  on conflict (id) do update set
      (outcome, stage, stages, attempts, slices, status, error_code, error, ttft_ms, duration_ms, chunk_count,
        completion_length, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, usage_source,
        estimated_tokens, hold, charged, uncollected) =
      (excluded.outcome, excluded.stage, excluded.stages, excluded.attempts, excluded.slices, excluded.status,
        excluded.error_code, excluded.error, excluded.ttft_ms, excluded.duration_ms, excluded.chunk_count,
        excluded.completion_length, excluded.prompt_tokens, excluded.cached_tokens, excluded.completion_tokens,
        excluded.reasoning_tokens, excluded.usage_source, excluded.estimated_tokens, excluded.hold,
        excluded.charged, excluded.uncollected)
    where requests.hold = 0
$$;
--> statement-breakpoint

-- Records requests that held nothing: refused ones, and free ones. A repeated id is left alone.
create function record_v1(p_batch json) returns table (id uuid)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_ids uuid[] := array(select q.id from json_to_recordset(p_batch) as q(id uuid)
    where not exists (select 1 from requests r where r.id = q.id));
  v_none bigint[] := array_fill(0::bigint, array[cardinality(v_ids)]);
begin
  perform insert_requests_v1(p_batch, v_ids, v_none, v_none, v_none);
  return query select unnest(v_ids);
end $$;
--> statement-breakpoint

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
--> statement-breakpoint

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
--> statement-breakpoint

-- Puts credits in, once a reference. outcome: granted | repeated (same reference and credits, no
-- second effect) | conflict (the reference was used with other credits) | no_account.
create function grant_v1(p_account uuid, p_reference text, p_credits bigint)
returns text language plpgsql as $$
declare
  v_earlier bigint;
begin
  perform 1 from accounts where id = p_account for no key update;
  if not found then return 'no_account'; end if;
  select credits into v_earlier from grants where account_id = p_account and reference = p_reference;
  if found then return case when v_earlier = p_credits then 'repeated' else 'conflict' end; end if;
  insert into grants (account_id, reference, credits) values (p_account, p_reference, p_credits);
  with moved as (
    update accounts set posted = posted + p_credits, seq = seq + 1 where id = p_account
      returning seq, posted)
  insert into ledger (account_id, seq, kind, amount, balance_after, reference)
    select p_account, seq, 'grant', p_credits, posted, p_reference from moved;
  return 'granted';
end $$;
