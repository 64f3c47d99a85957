import { randomUUID, randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'

/** A row of what reserve_v3 is asked; the limits it leaves out are none. */
export type Row = {
  id: string
  account_id: string
  key_id: string
  amount: number
  minimum: number
  terms: object
  account_rpm?: number
  key_rpm?: number
  account_concurrency?: number
  key_concurrency?: number
}

export type Answer = {
  id: string
  outcome: string
  granted: string
  wait_ms: string
  remaining: string | null
}

/** An account with so many micro-credits. @returns its id */
export async function makeAccount(sql: postgres.Sql, micro: number): Promise<string> {
  const id = randomUUIDv7()
  await sql`insert into accounts (id, name) values (${id}, 'limited')`
  if (micro > 0) await sql`select grant_v1(${id}::uuid, 'initial', ${micro}::bigint)`
  return id
}

/** A request of 10 micro-credits by some key of an account. */
export function rowOf(account_id: string, more: Partial<Row> = {}): Row {
  const amount = 10
  const ids = { id: randomUUIDv7(), account_id, key_id: randomUUID() }
  return { ...ids, amount, minimum: amount, terms: {}, ...more }
}

/** So many of such requests. */
export const rowsOf = (count: number, account: string, more: Partial<Row>): Row[] =>
  Array.from({ length: count }, () => rowOf(account, more))

/** The answers in the order of the rows. */
export async function reserve(sql: postgres.Sql, rows: Row[], replay = false): Promise<Answer[]> {
  const answers = await sql<Answer[]>`
    select * from reserve_v3(${randomUUID()}::uuid, ${JSON.stringify(rows)}::text::json, ${replay})`
  return rows.map(({ id }) => answers.find((one) => one.id === id) as Answer)
}

export const outcomes = (answers: Answer[]) => answers.map(({ outcome }) => outcome)

/** Lets the time of every bucket pass. */
export async function passTime(sql: postgres.Sql, seconds: number): Promise<void> {
  await sql`update rate_buckets set at = at - ${seconds * 1_000_000}::bigint`
}
