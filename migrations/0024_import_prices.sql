-- Enters imported prices, and the rules by which names find them, in one transaction. A row of
-- p_prices is a row of the table and `known`: how many prices its model had when the import was
-- planned. Where another one was entered since, the row is left out; the answer is what was entered.
-- A row of p_names {provider, catalogue, source, rules} takes
-- the place of the one before it.
create function import_prices_v1(p_prices json, p_names json) returns table (id uuid)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtext('import_prices'));
  insert into price_names (provider, catalogue, source, rules)
    select q.provider, q.catalogue, q.source, q.rules
      from json_to_recordset(p_names)
        as q(provider text, catalogue text, source text, rules jsonb)
    on conflict (provider, catalogue) do update
      set (source, rules, created_at) = (excluded.source, excluded.rules, clock_timestamp());
  return query
    insert into prices (id, provider, model, effective_from, input, cached_input, output, reasoning,
        request, details, source)
      select q.id, q.provider, q.model, q.effective_from, q.input, q.cached_input, q.output,
          q.reasoning, q.request, q.details, q.source
        from json_to_recordset(p_prices) as q(id uuid, provider text, model text,
          effective_from timestamptz, input bigint, cached_input bigint, output bigint,
          reasoning bigint, request bigint, details jsonb, source text, known bigint)
        where q.known = (
          select count(*) from prices p where p.provider = q.provider and p.model = q.model)
      on conflict (provider, model, effective_from) do nothing
      returning prices.id;
end $$;
--> statement-breakpoint
create trigger price_names_changed after insert or update or delete on price_names
  for each statement execute function notify_change_v1();
