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
