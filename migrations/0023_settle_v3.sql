-- Writes the terminal records of what was settled, from the rows of p_batch {record}, with their
-- money and all that decided the cost: the usage in every class, the price, the markup. Where the
-- request has a record that held nothing, or of a crash, it is replaced.
create function insert_requests_v3(p_batch json, p_settled settled_v2[])
returns void language sql set enable_nestloop = off as $$
  insert into requests (id, account_id, key_id, endpoint, model, provider, base_url, upstream_model,
      stream, status, outcome, stage, stages, attempts, slices, error_code, error, ttft_ms,
      duration_ms, chunk_count, completion_length, prompt_tokens, cached_tokens, completion_tokens,
      reasoning_tokens, usage_details, usage_source, estimated_tokens, price_id, markup_ppm,
      fallback_rate, hold, charged, uncollected)
    select t.id, t.account_id, t.key_id, x.endpoint, x.model, x.provider, x.base_url,
      x.upstream_model, x.stream, x.status, x.outcome, x.stage, x.stages, x.attempts, x.slices,
      x.error_code, x.error, x.ttft_ms, x.duration_ms, x.chunk_count, x.completion_length,
      x.prompt_tokens, x.cached_tokens, x.completion_tokens, x.reasoning_tokens, x.usage_details,
      x.usage_source, x.estimated_tokens, x.price_id, x.markup_ppm, x.fallback_rate,
      greatest(t.hold, t.charged), t.charged, t.uncollected
    from unnest(p_settled) t
    join rows from (json_to_recordset(p_batch) as (record json))
      with ordinality as q(record, ord) on q.ord = t.ord
    cross join lateral json_to_record(q.record) as x(endpoint text, model text, provider text,
      base_url text, upstream_model text, stream boolean, status smallint,
      outcome text, stage text, stages jsonb, attempts jsonb, slices int, error_code text,
      error jsonb, ttft_ms int, duration_ms int, chunk_count int, completion_length int,
      prompt_tokens int, cached_tokens int, completion_tokens int, reasoning_tokens int,
      usage_details jsonb, usage_source text, estimated_tokens int, price_id uuid, markup_ppm bigint,
      fallback_rate bigint)
  on conflict (id) do update set
      (endpoint, model, provider, base_url, upstream_model, stream, status, outcome, stage, stages,
        attempts, slices, error_code, error, ttft_ms, duration_ms, chunk_count, completion_length,
        prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, usage_details,
        usage_source, estimated_tokens, price_id, markup_ppm, fallback_rate, hold, charged,
        uncollected) =
      (excluded.endpoint, excluded.model, excluded.provider, excluded.base_url,
        excluded.upstream_model, excluded.stream, excluded.status, excluded.outcome, excluded.stage,
        excluded.stages, excluded.attempts, excluded.slices, excluded.error_code, excluded.error,
        excluded.ttft_ms, excluded.duration_ms, excluded.chunk_count, excluded.completion_length,
        excluded.prompt_tokens, excluded.cached_tokens, excluded.completion_tokens,
        excluded.reasoning_tokens, excluded.usage_details, excluded.usage_source,
        excluded.estimated_tokens, excluded.price_id, excluded.markup_ppm, excluded.fallback_rate,
        excluded.hold, excluded.charged, excluded.uncollected)
    where requests.hold = 0 or requests.outcome = 'crashed'
$$;
--> statement-breakpoint

-- Ends holds, as settle_v2 does; their records tell all that decided the cost. A row is {id,
-- account_id, cost, tokens, crashed, record}; a cost above the hold first takes what is available
-- and the key's spending limit leaves, the rest is uncollected. `record` becomes the request's
-- terminal row.
-- `tokens` is what was used, for the limit of tokens a minute; null is not known, and leaves what
-- was drawn. `crashed` says that nobody knows how the request ended, and the cost is that of its
-- last checkpoint: such a row counts only while nothing else is known, and any other corrects it
-- later (`correction` is then what it took, or gave back where negative; `charged` is the total).
-- An id without a row in the answer had no open hold and no crash to correct: it was settled before
-- (then requests has it) or never held.
create function settle_v3(p_batch json)
returns table (id uuid, charged bigint, uncollected bigint, correction bigint)
language plpgsql set enable_seqscan = off set enable_nestloop = off as $$
#variable_conflict use_column
declare
  r record;
  v_now timestamptz;
  v_account uuid; v_posted bigint; v_available bigint; v_seq bigint; v_extra bigint;
  v_settled settled_v2[] := '{}'; v_unheld uuid[] := '{}'; v_limited boolean := false;
begin
  perform 1 from accounts
    where id = any (array(
      select distinct q.account_id from json_to_recordset(p_batch) as q(account_id uuid)))
    order by id for no key update;
  v_now := clock_timestamp();
  for r in
    with sent as materialized (
      select distinct on (q.id) q.*  -- of a row sent twice the first counts, of a crash the other
        from rows from (json_to_recordset(p_batch) as
            (id uuid, cost bigint, tokens bigint, crashed boolean))
          with ordinality as q(id, cost, used, crashed, ord)
        order by q.id, q.crashed, q.ord),
    gone as (
      delete from holds h where h.id = any (array(select s.id from sent s))
        returning h.id, h.account_id, h.key_id, h.amount, h.tokens, h.account_tpm, h.key_tpm)
    select s.*, g.account_id, g.key_id, g.amount, g.tokens, g.account_tpm, g.key_tpm,
        case when s.cost > g.amount and g.key_id = any (array(
            select c.key_id from key_spends c  -- `exists` would read them all
              where c.key_id = any (array(select o.key_id from gone o)))) then
          (select sum(o.amount) from gone o where o.key_id = g.key_id) end as limited_holds
      from sent s left join gone g on g.id = s.id
      order by g.account_id, s.cost > g.amount, s.id  -- what gives money back goes first
  loop
    if r.account_id is null then
      if not r.crashed then v_unheld := v_unheld || r.id; end if;
      continue;
    end if;
    if v_account is distinct from r.account_id then
      v_account := r.account_id;
      select a.posted, a.posted - a.held, a.seq into v_posted, v_available, v_seq
        from accounts a where a.id = r.account_id;
    end if;
    v_extra := greatest(0, least(r.cost - r.amount, v_available));
    if v_extra > 0 and r.limited_holds is not null then  -- the holds of this batch count till here
      v_extra := greatest(0, least(v_extra, spend_left_v1(r.key_id, v_now)
        - key_holds_v1(r.account_id, r.key_id) - r.limited_holds
        + (select coalesce(sum(t.hold - t.charged), 0) from unnest(v_settled) t
            where t.key_id = r.key_id)));
    end if;
    id := r.id;
    charged := least(r.cost, r.amount + v_extra);
    uncollected := r.cost - charged;
    v_available := v_available + r.amount - charged;
    if charged > 0 then
      v_seq := v_seq + 1; v_posted := v_posted - charged;
    end if;
    v_settled := v_settled || (r.ord, r.id, r.account_id, r.key_id, r.amount, charged, uncollected,
      v_seq, v_posted, r.tokens - r.used, r.account_tpm, r.key_tpm)::settled_v2;
    v_limited := v_limited or r.account_tpm is not null or r.key_tpm is not null;
    return next;
  end loop;
  -- By the ids of the batch: without them, the plan reads all accounts there are.
  update accounts a
    set held = a.held - s.hold, posted = a.posted - s.charged, seq = a.seq + s.entries
    from (select t.account_id, sum(t.hold)::bigint as hold, sum(t.charged)::bigint as charged,
              count(*) filter (where t.charged > 0) as entries
            from unnest(v_settled) t group by 1) s
    where a.id = any (array(select t.account_id from unnest(v_settled) t)) and a.id = s.account_id;
  insert into ledger (account_id, seq, kind, amount, balance_after, request_id)
    select t.account_id, t.seq, 'charge', -t.charged, t.balance, t.id
      from unnest(v_settled) t where t.charged > 0;
  perform count_spend_v1(s.key_id, s.charged, v_now)
    from (select t.key_id, sum(t.charged)::bigint as charged from unnest(v_settled) t
            where t.key_id = any (array(select c.key_id from key_spends c
              where c.key_id = any (array(select t.key_id from unnest(v_settled) t))))
            group by 1) s;
  if v_limited then
    perform return_tokens_v1(array_agg(b.id), array_agg(b.tpm), array_agg(t.tokens),
        (extract(epoch from v_now) * 1000000)::bigint)
      from unnest(v_settled) t
      cross join lateral (values (t.account_id, t.account_tpm), (t.key_id, t.key_tpm)) b(id, tpm)
      where b.tpm is not null and t.tokens <> 0;
  end if;
  if v_unheld <> '{}' then
    for r in
      select q.id, q.ord, q.cost, q.account_id, c.*
        from (select distinct on (q.id) q.* from rows from (json_to_recordset(p_batch) as
                  (id uuid, account_id uuid, cost bigint, crashed boolean))
                with ordinality as q(id, account_id, cost, crashed, ord)
                where q.id = any (v_unheld) and not q.crashed order by q.id, q.ord) q
        cross join lateral correct_crash_v1(q.id, q.account_id, q.cost, v_now) c
    loop
      id := r.id; charged := r.charged; uncollected := r.cost - charged; correction := r.correction;
      v_settled := v_settled || (r.ord, r.id, r.account_id, r.key_id, r.hold, charged, uncollected,
        null, null, null, null, null)::settled_v2;
      return next;
    end loop;
  end if;
  perform insert_requests_v3(p_batch, v_settled);
end $$;
