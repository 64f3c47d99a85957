-- The functions that move money, a file for each family. One function call is one statement and one
-- transaction. A change to a function is a new function with the next version in its name, so that
-- two versions of Tollkeeper can run side by side on one database.

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
