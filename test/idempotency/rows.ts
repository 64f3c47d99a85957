import { randomBytes, randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'
import type { Claim } from '../../src/store/lanes/idempotency.ts'

/** A claim of a key and a question by number, for a request of its own. */
export function claimOf(accountId: string, key: number, question = 0): Claim {
  const hash = (number: number) => Buffer.alloc(32, number)
  return { id: randomUUIDv7(), accountId, key: hash(key), fingerprint: hash(question) }
}

/** Ends a claim in SQL with limits of the test's own, and an answer of so many bytes. */
export async function keep(
  sql: postgres.Sql,
  claim: Claim,
  bytes: number,
  limits: { account: number; total: number },
): Promise<void> {
  const row = {
    id: claim.id,
    account_id: claim.accountId,
    key: claim.key.toString('hex'),
    is_completed: true,
    status: 200,
    headers: {},
    body: randomBytes(bytes).toString('base64'),
  }
  await sql`select conclude_keys_v1(
    60, ${limits.account}, ${limits.total}, ${JSON.stringify([row])}::text::json)`
}

/** The bytes kept by account, as they are counted and as they are. */
export async function spaceOf(sql: postgres.Sql) {
  const counted = await sql<{ account_id: string; bytes: string }[]>`
    select account_id, bytes from idempotency_space where bytes > 0`
  const stored = await sql<{ account_id: string; bytes: string }[]>`
    select account_id, sum(length(body)) as bytes from idempotency_answers group by 1
    union all select '00000000-0000-0000-0000-000000000000', sum(length(body))
      from idempotency_answers having count(*) > 0`
  const byAccount = (rows: readonly { account_id: string; bytes: string }[]) =>
    Object.fromEntries(rows.map((row) => [row.account_id, Number(row.bytes)]))
  return { counted: byAccount(counted), stored: byAccount(stored) }
}
