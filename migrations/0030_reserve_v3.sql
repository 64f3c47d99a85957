-- Places holds, as reserve_v2 does, and tells what is left under every limit of requests and tokens
-- a minute, also where one of them refuses: `wait_ms` is the longest of their waits, so that who
-- waits as long is refused by none of them. The outcome is that of the first.
create function reserve_v3(p_instance uuid, p_batch json, p_replay boolean)
returns table (id uuid, outcome text, granted bigint, wait_ms bigint, remaining bigint,
  tokens_left bigint)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  c_request constant bigint := 60000000;  -- units of one request in its bucket,
  c_token constant bigint := 60000000;    -- and of one token
  r record;
  v_clock timestamptz; v_now bigint;
  v_account uuid; v_status text; v_posted bigint; v_available bigint;
  v_account_level bigint; v_key_level bigint;
  v_account_tokens bigint; v_key_tokens bigint;
  v_spend_left bigint; v_room bigint;
  v_is_known boolean; v_wait bigint;
  v_reserved reserved_v2[] := '{}';
begin
  -- One global lock order, then decide: the next statement has a fresh snapshot of what is locked.
  perform 1 from accounts
    where id = any (array(
      select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
    order by id for no key update;
  if exists (select 1 from instances i where i.id = p_instance and i.state = 'dead') then
    raise exception 'the instance was declared dead' using errcode = 'TKDED';
  end if;
  v_clock := clock_timestamp();
  v_now := (extract(epoch from v_clock) * 1000000)::bigint;
  for r in
    select q.* from rows from (json_to_recordset(p_batch) as
        (id uuid, account_id uuid, key_id uuid, amount bigint, minimum bigint, terms json,
         account_rpm int, key_rpm int, account_concurrency int, key_concurrency int,
         tokens bigint, account_tpm bigint, key_tpm bigint, capped boolean))
      with ordinality as q(id, account_id, key_id, amount, minimum, terms,
        account_rpm, key_rpm, account_concurrency, key_concurrency,
        tokens, account_tpm, key_tpm, capped, ord)
      order by q.account_id, q.ord
  loop
    if v_account is distinct from r.account_id then
      v_account := r.account_id; v_status := null; v_posted := 0; v_available := 0;
      select a.status, a.posted, a.posted - a.held into v_status, v_posted, v_available
        from accounts a where a.id = r.account_id;
    end if;
    id := r.id; granted := 0; outcome := null; wait_ms := 0; remaining := null; tokens_left := null;
    if p_replay then
      select 'held', h.amount into outcome, granted from holds h where h.id = r.id;
      granted := coalesce(granted, 0);
      if outcome is null and exists (select 1 from requests q where q.id = r.id) then
        outcome := 'ended';
      end if;
    end if;
    v_is_known := outcome is not null;
    if not v_is_known and r.account_rpm is not null then
      v_account_level := bucket_level_v1(r.account_id, r.account_rpm, v_now);
      remaining := v_account_level / c_request;
      wait_ms := bucket_wait_v1(v_account_level, r.account_rpm);
      if wait_ms > 0 then outcome := 'rate_limited'; end if;
    end if;
    if not v_is_known and r.key_rpm is not null then
      v_key_level := bucket_level_v1(r.key_id, r.key_rpm, v_now);
      remaining := least(remaining, v_key_level / c_request);
      v_wait := bucket_wait_v1(v_key_level, r.key_rpm);
      wait_ms := greatest(wait_ms, v_wait);
      if v_wait > 0 then outcome := 'rate_limited'; end if;
    end if;
    if not v_is_known and r.account_tpm is not null then
      v_account_tokens := token_level_v1(r.account_id, r.account_tpm, v_now);
      tokens_left := v_account_tokens / c_token;
      v_wait := token_wait_v1(v_account_tokens, r.tokens, r.account_tpm);
      wait_ms := greatest(wait_ms, v_wait);
      if v_wait > 0 then outcome := coalesce(outcome, 'tokens_limited'); end if;
    end if;
    if not v_is_known and r.key_tpm is not null then
      v_key_tokens := token_level_v1(r.key_id, r.key_tpm, v_now);
      tokens_left := least(tokens_left, v_key_tokens / c_token);
      v_wait := token_wait_v1(v_key_tokens, r.tokens, r.key_tpm);
      wait_ms := greatest(wait_ms, v_wait);
      if v_wait > 0 then outcome := coalesce(outcome, 'tokens_limited'); end if;
    end if;
    if outcome is null and r.account_concurrency <=
        (select count(*) from holds h where h.account_id = r.account_id)
        + (select count(*) from unnest(v_reserved) t where t.account_id = r.account_id) then
      outcome := 'too_many';
    end if;
    if outcome is null and r.key_concurrency <=
        (select count(*) from holds h where h.account_id = r.account_id and h.key_id = r.key_id)
        + (select count(*) from unnest(v_reserved) t where t.key_id = r.key_id) then
      outcome := 'too_many';
    end if;
    v_room := v_available; v_spend_left := null;
    if outcome is null and r.capped then
      v_spend_left := spend_left_v1(r.key_id, v_clock);
      v_room := greatest(0, least(v_available, v_spend_left - key_holds_v1(r.account_id, r.key_id)
        - (select coalesce(sum(t.amount), 0) from unnest(v_reserved) t where t.key_id = r.key_id)));
    end if;
    if outcome is not null then null;
    elsif v_status is null then outcome := 'no_account';
    elsif v_status = 'frozen' then outcome := 'frozen';
    elsif v_status <> 'active' then outcome := 'inactive';
    elsif v_room >= r.minimum then
      outcome := 'held';
      granted := least(r.amount, v_room);
      v_available := v_available - granted;
      v_reserved := v_reserved || (r.id, r.account_id, r.key_id, granted, r.terms,
        r.tokens, r.account_tpm, r.key_tpm)::reserved_v2;
      if r.account_rpm is not null then
        perform draw_bucket_v1(r.account_id, v_account_level - c_request, v_now);
      end if;
      if r.key_rpm is not null then
        perform draw_bucket_v1(r.key_id, v_key_level - c_request, v_now);
      end if;
      if r.account_tpm is not null then
        perform draw_tokens_v1(r.account_id, v_account_tokens - r.tokens * c_token, v_now);
      end if;
      if r.key_tpm is not null then
        perform draw_tokens_v1(r.key_id, v_key_tokens - r.tokens * c_token, v_now);
      end if;
      remaining := remaining - 1;
      tokens_left := tokens_left - r.tokens;
    elsif v_posted < r.minimum then outcome := 'insufficient';
    elsif v_spend_left < r.minimum then outcome := 'spend_reached';
    elsif v_available < r.minimum then outcome := 'credits_held';
    else outcome := 'spend_held';
    end if;
    return next;
  end loop;
  insert into holds
      (id, account_id, key_id, instance_id, amount, terms, tokens, account_tpm, key_tpm)
    select t.id, t.account_id, t.key_id, p_instance, t.amount, t.terms::jsonb,
        t.tokens, t.account_tpm, t.key_tpm
      from unnest(v_reserved) t;
  -- By the ids of the batch: without them, the plan reads all accounts there are.
  update accounts a set held = a.held + s.amount
    from (select t.account_id, sum(t.amount)::bigint as amount
            from unnest(v_reserved) t group by 1) s
    where a.id = any (array(select t.account_id from unnest(v_reserved) t)) and a.id = s.account_id;
end $$;
