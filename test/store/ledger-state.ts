import type { LedgerModel } from './ledger-model.ts'
import type { LedgerSql } from './ledger-sql.ts'

/** Everything stored of the accounts of a model, in the shape of `stateOf` that model. */
export async function storedState({ sql }: LedgerSql, model: LedgerModel) {
  const accounts = [...model.accounts.keys()]
  const owners = [...accounts, ...model.keys.keys()]
  const [accountRows, ledger, holds, requests, requestBuckets, tokenBuckets, spends] =
    await Promise.all([
      sql`select id, posted, held, seq from accounts where id = any (${accounts})`,
      sql`select account_id, seq, kind, amount, balance_after, request_id,
          (extract(epoch from created_at) * 1000000)::bigint
        from ledger where account_id = any (${accounts})`,
      sql`select id, account_id, key_id, amount, tokens, account_tpm, key_tpm from holds
        where account_id = any (${accounts})`,
      sql`select id, account_id, key_id, hold, charged, uncollected, outcome = 'crashed'
        from requests where account_id = any (${accounts})`,
      sql`select id, level, at from rate_buckets where id = any (${owners})`,
      sql`select id, level, at from token_buckets where id = any (${owners})`,
      sql`select k.id, k.spend_limit, k.spend_period, s.spent,
          case when s.since > '-infinity' then (extract(epoch from s.since) * 1000000)::bigint end
        from api_keys k left join key_spends s on s.key_id = k.id where k.id = any (${owners})`,
    ])
  const values = (rows: Iterable<object>) => sorted([...rows].map((row) => Object.values(row)))
  return {
    accounts: values(accountRows),
    ledger: values(ledger),
    holds: values(holds),
    requests: values(requests),
    requestBuckets: values(requestBuckets),
    tokenBuckets: values(tokenBuckets),
    spends: values(spends),
  }
}

/** What the tables must hold: posted is the sum of the ledger, held that of the open holds. */
export function stateOf(model: LedgerModel) {
  const accounts = [...model.accounts]
  const posted = (id: string) =>
    model.accountOf(id).entries.reduce((sum, { amount }) => sum + amount, 0n)
  return {
    accounts: sorted(
      accounts.map(([id, { entries }]) => [id, posted(id), model.heldBy(id), entries.length]),
    ),
    ledger: sorted(
      accounts.flatMap(([id, { entries }]) =>
        entries.map((one) => [
          ...[id, one.seq, one.kind, one.amount, one.balanceAfter, one.request, one.at],
        ]),
      ),
    ),
    holds: sorted(
      [...model.holds].map(([id, one]) => [
        ...[id, one.account, one.key, one.amount, one.tokens, one.accountTpm, one.keyTpm],
      ]),
    ),
    requests: sorted(
      [...model.ended].map(([id, one]) => [
        ...[id, one.account, one.key, one.hold, one.charged, one.uncollected, one.crashed],
      ]),
    ),
    requestBuckets: sorted(model.requests.rows()),
    tokenBuckets: sorted(model.tokens.rows()),
    spends: sorted(
      [...model.keys].map(([id, { spend }]) => [
        ...[id, spend?.limit, spend?.period, spend?.spent, spend?.since],
      ]),
    ),
  }
}

/** The entries of each request sum up to what its record says was charged. */
export function chargesOf(state: ReturnType<typeof stateOf>) {
  const sums = new Map<string, bigint>()
  for (const [, , kind, amount, , request] of state.ledger) {
    if (!kind?.endsWith('charge')) continue
    sums.set(request as string, (sums.get(request as string) ?? 0n) - BigInt(amount as string))
  }
  const recorded = state.requests.map(([id, , , , charged]) => [id, charged] as const)
  const taken = recorded.map(([id]) => [id, String(sums.get(id as string) ?? 0n)] as const)
  return { recorded, taken }
}

function sorted(rows: unknown[][]): string[][] {
  const texts = rows.map((row) => row.map((value) => String(value ?? null)))
  return texts.toSorted((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1))
}
