-- What a key may spend in a period: a day or a month of the UTC calendar on the database's clock,
-- or for good (total). Spent and held by the key's open holds together never pass its limit: a hold
-- takes no more than the limit leaves, nor does what a request costs beyond its hold. A charge
-- counts in the period in which it is taken, a late correction too. Only keys with a limit have a
-- row in key_spends, written under the lock of their account.
--
-- Servers older than these functions know no such limits: what they charge while both run side by
-- side is not counted until the limit is set again, or the next period begins.

alter table key_spends set (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);
--> statement-breakpoint
create function spend_period_start_v1(p_period text, p_now timestamptz)
returns timestamptz language sql stable as $$
  select case when p_period = 'total' then '-infinity' else date_trunc(p_period, p_now, 'UTC') end
$$;
--> statement-breakpoint
-- What the limit of a key leaves in the running period, its open holds not counted; below 0 where
-- the limit was lowered. Null is a key without a limit.
create function spend_left_v1(p_key uuid, p_now timestamptz)
returns bigint language sql stable as $$
  select k.spend_limit - coalesce(
      (select s.spent from key_spends s where s.key_id = p_key
          and s.since >= spend_period_start_v1(k.spend_period, p_now)), 0)
    from api_keys k where k.id = p_key and k.spend_limit is not null
$$;
--> statement-breakpoint
create function key_holds_v1(p_account uuid, p_key uuid)
returns bigint language sql stable as $$
  select coalesce(sum(h.amount), 0)::bigint
    from holds h where h.account_id = p_account and h.key_id = p_key
$$;
--> statement-breakpoint
-- Counts a charge of a key that has a limit.
create function count_spend_v1(p_key uuid, p_charged bigint, p_now timestamptz)
returns void language sql as $$
  update key_spends s
    set since = greatest(s.since, k.start),
      spent = p_charged + case when s.since >= k.start then s.spent else 0 end
    from (select spend_period_start_v1(q.spend_period, p_now) as start
            from api_keys q where q.id = p_key) k
    where s.key_id = p_key
$$;
--> statement-breakpoint

-- What was charged for a key from a time on, by the entries p_after < seq <= p_until of its
-- account's ledger. Entries are in the order of time, so that older ones are not read.
create function key_charges_v1(p_account uuid, p_key uuid, p_since timestamptz,
  p_after bigint, p_until bigint)
returns bigint language sql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
  select coalesce(-sum(l.amount), 0)::bigint
    from ledger l join requests q on q.id = l.request_id
    where l.account_id = p_account and l.seq <= p_until
      and l.seq > greatest(p_after, (
        select o.seq from ledger o
          where o.account_id = p_account and o.seq <= p_until and o.created_at < p_since
          order by o.seq desc limit 1))
      and l.kind in ('charge', 'late_charge') and q.key_id = p_key
$$;
--> statement-breakpoint
-- Sets the limit of a key, or takes it away where p_limit is null. What the key was charged in the
-- running period counts: the long look back at the ledger holds no lock, and the account is locked
-- only for what was added meanwhile.
create function limit_spend_v1(p_key uuid, p_limit bigint, p_period text)
returns void language plpgsql as $$
declare
  v_account uuid; v_seq bigint; v_began timestamptz; v_start timestamptz; v_spent bigint;
begin
  if p_limit is null then
    delete from key_spends where key_id = p_key;
    update api_keys set spend_limit = null, spend_period = null where id = p_key;
    return;
  end if;
  select a.id, a.seq into v_account, v_seq
    from api_keys k join accounts a on a.id = k.account_id where k.id = p_key;
  if not found then return; end if;
  v_began := spend_period_start_v1(p_period, clock_timestamp());
  v_spent := key_charges_v1(v_account, p_key, v_began, 0, v_seq);
  perform 1 from accounts where id = v_account for no key update;
  v_start := spend_period_start_v1(p_period, clock_timestamp());
  if v_start <> v_began then v_spent := 0; end if;  -- the period has turned since
  v_spent := v_spent + key_charges_v1(v_account, p_key, v_start, v_seq, 9223372036854775807);
  insert into key_spends (key_id, since, spent) values (p_key, v_start, v_spent)
    on conflict (key_id) do update set since = excluded.since, spent = excluded.spent;
  update api_keys set spend_limit = p_limit, spend_period = p_period where id = p_key;
end $$;
