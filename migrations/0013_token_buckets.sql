-- Limits of tokens a minute, of accounts and of keys: buckets in the shape of those of requests. A
-- token is 60,000,000 units, and each microsecond adds as many units as the limit has tokens.
--
-- A request draws, when it is admitted, what its hold covers: the estimate of its prompt and the
-- output that was held for. When it is settled, the bucket gets back what was not used, or gives
-- what was used beyond that: below 0 it is in debt, which the refill pays off first. So in the
-- long run nobody uses more than the limit. A request that draws more than the whole limit is not
-- refused for ever, since most requests end far below their draws: it waits for a full bucket, and
-- leaves it in debt until it is settled.

-- Buckets are as hot as accounts.
alter table token_buckets set (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);
--> statement-breakpoint

-- The units in a bucket now: full when it was never drawn from. Only the time until it is full
-- counts, so that no product leaves bigint. A clock that was set back counts like one that went on.
create function token_level_v1(p_id uuid, p_limit bigint, p_now bigint)
returns bigint language sql stable as $$
  select coalesce(
    (select least(p_limit * 60000000,
        b.level + p_limit * least(abs(p_now - b.at), (p_limit * 60000000 - b.level) / p_limit + 1))
      from token_buckets b where b.id = p_id),
    p_limit * 60000000)
$$;
--> statement-breakpoint
-- Milliseconds until a bucket lets a request of so many tokens in; 0 is now.
create function token_wait_v1(p_level bigint, p_tokens bigint, p_limit bigint)
returns bigint language sql immutable as $$
  select (greatest(least(p_tokens, p_limit) * 60000000 - p_level, 0) + p_limit * 1000 - 1)
    / (p_limit * 1000)
$$;
--> statement-breakpoint
create function draw_tokens_v1(p_id uuid, p_level bigint, p_now bigint)
returns void language sql as $$
  insert into token_buckets (id, level, at) values (p_id, p_level, p_now)
    on conflict (id) do update set level = excluded.level, at = excluded.at
$$;
--> statement-breakpoint
-- Puts so many tokens back into buckets, or takes them out where they are negative; each bucket is
-- full at the limit that was pinned with its draw. Debts end long before bigint does.
create function return_tokens_v1(p_ids uuid[], p_limits bigint[], p_tokens bigint[], p_now bigint)
returns void language sql set enable_seqscan = off as $$
  update token_buckets b
    set at = p_now,
      level = greatest(-4000000000000000000,
        least(g.tpm * 60000000, token_level_v1(b.id, g.tpm, p_now) + g.tokens * 60000000))
    from (select t.id, max(t.tpm) as tpm, sum(t.tokens) as tokens  -- numeric: no overflow
            from unnest(p_ids, p_limits, p_tokens) t(id, tpm, tokens) group by t.id) g
    where b.id = any (p_ids) and b.id = g.id
$$;
