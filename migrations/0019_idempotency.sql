-- Idempotency keys, and the answers kept for repeats. Bodies are encrypted: no compression helps.
alter table idempotency_answers alter column body set storage external;
--> statement-breakpoint
alter table idempotency_space
  set (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);
--> statement-breakpoint
-- The sum over all accounts.
insert into idempotency_space (account_id, bytes)
  values ('00000000-0000-0000-0000-000000000000', 0);
--> statement-breakpoint

-- Claims keys for requests of an instance. A row of p_batch {id, account_id, key, fingerprint} (the
-- last two in hex) is a request and what it asks. `id` and `outcome` are its answer: claimed |
-- in_use (another request with the key runs) | done (its answer was complete: `original` is that
-- request) | reused (the key stands for another question).
-- A key whose owner is gone is decided by what became of its request: what was completed or charged
-- is done, also where no answer was kept; anything else leaves the key free, and is superseded: no
-- late result charges it, since the same is asked again. A key that expires is free. A call whose
-- answer was lost can be made again. Raises TKDED where p_instance was declared dead.
create function claim_keys_v1(p_instance uuid, p_kept_s int, p_batch json)
returns table (id uuid, outcome text, original uuid)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  r record;
  k record;
begin
  if not exists (select from instances i where i.id = p_instance and i.state = 'live') then
    raise exception 'the instance was declared dead' using errcode = 'TKDED';
  end if;
  for r in
    select q.id, q.account_id, decode(q.key, 'hex') as key,
        decode(q.fingerprint, 'hex') as fingerprint
      from json_to_recordset(p_batch) as q(id uuid, account_id uuid, key text, fingerprint text)
      order by 2, 3, 1  -- one global order, so that no two calls wait for each other
  loop
    id := r.id; outcome := null; original := null;
    while outcome is null loop
      insert into idempotency_keys
          (account_id, key, request_id, fingerprint, instance_id, expires_at)
        values (r.account_id, r.key, r.id, r.fingerprint, p_instance,
          clock_timestamp() + make_interval(secs => p_kept_s))
        on conflict do nothing;
      if found then outcome := 'claimed'; exit; end if;
      select q.request_id, q.state, q.fingerprint = r.fingerprint as is_same, case  -- one snapshot
          when q.request_id = r.id then 'claimed'
          when q.state = 'done' then
            case when q.expires_at > clock_timestamp() then 'done' else 'free' end
          when exists (select from instances i where i.id = q.instance_id and i.state = 'live')
            or exists (select from holds h where h.id = q.request_id) then 'in_use'
          when exists (select from requests e where e.id = q.request_id
            and (e.charged > 0 or e.outcome = 'completed')) then 'done'
          else 'free' end as fate
        into k from idempotency_keys q where q.account_id = r.account_id and q.key = r.key;
      continue when not found;  -- let go a moment ago
      if k.fate = 'free' then
        if k.state = 'running' then  -- no late result can charge it meanwhile
          perform 1 from accounts a where a.id = r.account_id for no key update;
        end if;
        update idempotency_keys q
          set request_id = r.id, fingerprint = r.fingerprint, instance_id = p_instance,
            state = 'running', created_at = clock_timestamp(),
            expires_at = clock_timestamp() + make_interval(secs => p_kept_s)
          where q.account_id = r.account_id and q.key = r.key
            and q.request_id = k.request_id and q.state = k.state
            and (k.state = 'done' or not exists (select from requests e
              where e.id = k.request_id and (e.charged > 0 or e.outcome = 'completed')));
        continue when not found;  -- another was faster
        outcome := 'claimed';
        if k.state = 'running' then
          insert into idempotency_superseded (request_id) values (k.request_id);
        end if;
      elsif not k.is_same then outcome := 'reused';
      else
        outcome := k.fate;
        original := k.request_id;
      end if;
    end loop;
    return next;
  end loop;
end $$;
--> statement-breakpoint

-- Makes room: deletes the oldest answers, of an account or of all (null), until p_bytes are free.
-- The caller has locked the row of the sum.
create function evict_answers_v1(p_account uuid, p_bytes bigint) returns void
language plpgsql as $$
declare
  c_all constant uuid := '00000000-0000-0000-0000-000000000000';
  v_freed bigint := 0;
  r record;
begin
  for r in execute 'select request_id, account_id, bytes from idempotency_answers '
    || case when p_account is null then '' else 'where account_id = $1 ' end
    || 'order by expires_at' using p_account
  loop
    exit when v_freed >= p_bytes;
    delete from idempotency_answers where request_id = r.request_id;
    update idempotency_space set bytes = bytes - r.bytes where account_id in (r.account_id, c_all);
    v_freed := v_freed + r.bytes;
  end loop;
end $$;
--> statement-breakpoint

-- Ends the claims of requests that are over. A row {id, account_id, key, is_completed, status,
-- headers, body (base64)} of a completed request keeps its key for p_kept_s seconds from now, and
-- its answer, where `body` is not null; any other row lets its key go. Where an account then keeps
-- more than p_account_bytes, or all together more than p_total_bytes, the oldest answers go. A
-- claim that is another's by now is left alone.
create function conclude_keys_v1(p_kept_s int, p_account_bytes bigint, p_total_bytes bigint,
  p_batch json)
returns table (id uuid) language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  c_all constant uuid := '00000000-0000-0000-0000-000000000000';
  v_until timestamptz := clock_timestamp() + make_interval(secs => p_kept_s);
  v_accounts uuid[] := '{}'; v_bytes bigint[] := '{}';
  r record;
begin
  for r in
    select q.id, q.account_id, decode(q.key, 'hex') as key, q.is_completed, q.status, q.headers,
        decode(q.body, 'base64') as body
      from json_to_recordset(p_batch) as q(id uuid, account_id uuid, key text, is_completed boolean,
        status smallint, headers jsonb, body text)
      order by 2, 3, 1
  loop
    id := r.id;
    return next;
    if not r.is_completed then
      delete from idempotency_keys q
        where q.account_id = r.account_id and q.key = r.key and q.request_id = r.id
          and q.state = 'running';
      continue;
    end if;
    update idempotency_keys q set state = 'done', expires_at = v_until
      where q.account_id = r.account_id and q.key = r.key and q.request_id = r.id
        and q.state = 'running';
    continue when not found or r.body is null;
    insert into idempotency_answers
        (request_id, account_id, status, headers, body, bytes, expires_at)
      values (r.id, r.account_id, r.status, r.headers, r.body, length(r.body), v_until);
    v_accounts := v_accounts || r.account_id || c_all;
    v_bytes := v_bytes || length(r.body)::bigint || length(r.body)::bigint;
  end loop;
  if cardinality(v_accounts) = 0 then return; end if;
  perform 1 from idempotency_space where account_id = c_all for update;
  insert into idempotency_space as s (account_id, bytes)
    select t.account_id, sum(t.bytes)
      from unnest(v_accounts, v_bytes) t(account_id, bytes) group by 1
    on conflict (account_id) do update set bytes = s.bytes + excluded.bytes;
  for r in
    select s.account_id, s.bytes - p_account_bytes as over from idempotency_space s
      where s.account_id = any (v_accounts) and s.account_id <> c_all and s.bytes > p_account_bytes
  loop
    perform evict_answers_v1(r.account_id, r.over);
  end loop;
  perform evict_answers_v1(null, s.bytes - p_total_bytes) from idempotency_space s
    where s.account_id = c_all and s.bytes > p_total_bytes;
end $$;
--> statement-breakpoint

-- Deletes what has expired, at most p_rows keys and as many answers. The answer is how many of the
-- more numerous went: p_rows means that there may be more. What was superseded a month ago has no
-- late result any more.
create function expire_answers_v1(p_rows int) returns int
language plpgsql set enable_seqscan = off as $$
declare
  c_all constant uuid := '00000000-0000-0000-0000-000000000000';
  v_now constant timestamptz := clock_timestamp();  -- no index is searched for what is volatile
  v_keys int;
  v_answers int;
begin
  delete from idempotency_keys where ctid = any (array(  -- a join may read all keys there are
    select ctid from idempotency_keys where expires_at <= v_now
      order by expires_at limit p_rows for update skip locked));
  get diagnostics v_keys = row_count;
  delete from idempotency_superseded where at < v_now - interval '30 days';
  perform 1 from idempotency_space where account_id = c_all for update;
  with gone as (
      delete from idempotency_answers where request_id = any (array(
        select request_id from idempotency_answers where expires_at <= v_now
          order by expires_at limit p_rows))
        returning account_id, bytes),
    freed as (select account_id, sum(bytes) as bytes, count(*) as answers
      from (select account_id, bytes from gone union all select c_all, bytes from gone) t
      group by 1),
    settled as (update idempotency_space s set bytes = s.bytes - f.bytes
      from freed f where s.account_id = f.account_id)
  select coalesce(max(answers), 0) into v_answers from freed;
  return greatest(v_keys, v_answers);
end $$;
