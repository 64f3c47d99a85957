import { randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'
import { toRow } from '../../src/store/request-record.ts'
import { aRecord } from './a-record.ts'
import type {
  ExtendVersion,
  HoldRow,
  ReserveAnswer,
  SettleAnswer,
  SettleRow,
  SettleVersion,
  Version,
} from './ledger-rows.ts'

const KEY = '01900000-0000-7000-8000-00000000000a'
const INSTANCE = '01900000-0000-7000-8000-00000000000b'

/** The functions of the ledger, called as the lanes call them but without their help. */
export class LedgerSql {
  readonly sql: postgres.Sql

  constructor(sql: postgres.Sql) {
    this.sql = sql
  }

  async addAccount(): Promise<string> {
    const id = randomUUIDv7()
    await this.sql`insert into accounts (id, name) values (${id}, 'a customer')`
    return id
  }

  async addKey(account: string): Promise<string> {
    const id = randomUUIDv7()
    await this.sql`insert into api_keys (id, account_id, hash, hint)
      values (${id}, ${account}, ${Buffer.from(id)}, 'tk_...')`
    return id
  }

  async reserve(
    rows: HoldRow[],
    replay: boolean,
    version: Version = 3,
  ): Promise<Map<string, ReserveAnswer>> {
    const batch = json(rows.map(toReserveRow))
    const { sql } = this
    const told = version > 1 ? sql`tokens_left` : sql`null as tokens_left`
    const answers = await sql`
      select id, outcome, granted, wait_ms, remaining, ${told}
      from ${sql(`reserve_v${version}`)}(${INSTANCE}, ${batch}::text::json, ${replay})`
    return new Map(
      answers.map((row) => [
        row.id,
        {
          outcome: row.outcome,
          granted: BigInt(row.granted),
          waitMs: BigInt(row.wait_ms),
          remaining: row.remaining === null ? null : BigInt(row.remaining),
          tokensLeft: row.tokens_left === null ? null : BigInt(row.tokens_left),
        },
      ]),
    )
  }

  async extend(
    rows: { id: string; account: string; amount: bigint }[],
    version: ExtendVersion = 4,
  ) {
    const batch = json(rows.map(({ account, ...row }) => ({ ...row, account_id: account })))
    const answers = await this.sql<{ id: string; amount: string }[]>`
      select id, amount from ${this.sql(`extend_v${version}`)}(${batch}::text::json)`
    return new Map(answers.map(({ id, amount }) => [id, BigInt(amount)]))
  }

  async settle(rows: SettleRow[], version: SettleVersion = 3): Promise<Map<string, SettleAnswer>> {
    const batch = json(rows.map(toSettleRow))
    const { sql } = this
    const told = version === 1 ? sql`null as correction` : sql`correction`
    const answers = await sql`
      select id, charged, uncollected, ${told}
      from ${sql(`settle_v${version}`)}(${batch}::text::json)`
    return new Map(
      answers.map(({ id, charged, uncollected, correction }) => [
        id,
        {
          charged: BigInt(charged),
          uncollected: BigInt(uncollected),
          ...(correction !== null && { correction: BigInt(correction) }),
        },
      ]),
    )
  }

  /** Records requests that held nothing. */
  async record(rows: { id: string; account: string }[]): Promise<void> {
    const record = toRow(aRecord({ outcome: 'refused' }))
    const batch = json(rows.map(({ id, account }) => ({ id, account_id: account, record })))
    await this.sql`select id from record_v1(${batch}::text::json)`
  }

  async grant(account: string, reference: string, credits: bigint): Promise<string> {
    const [row] = await this.sql<{ outcome: string }[]>`
      select grant_v1(${account}, ${reference}, ${String(credits)}) as outcome`
    return row?.outcome as string
  }

  /** Sets the spending limit of a key, or takes it away. */
  async limitSpend(key: string, limit: bigint | null, period: string): Promise<void> {
    const amount = limit === null ? null : String(limit)
    await this.sql`select limit_spend_v1(${key}, ${amount}::bigint, ${period})`
  }

  async setActive(account: string, active: boolean): Promise<void> {
    const status = active ? 'active' : 'suspended'
    await this.sql`update accounts set status = ${status} where id = ${account}`
  }

  /** The money that is stored of these accounts. */
  async state(accounts: string[]) {
    const rows = await this.sql`select id, posted, held, seq from accounts
      where id = any (${accounts}) order by id`
    const ledger = await this.sql`select account_id, seq, kind, amount, balance_after from ledger
      where account_id = any (${accounts}) order by account_id, seq`
    const holds = await this.sql`select id, account_id, amount from holds
      where account_id = any (${accounts}) order by id`
    const requests = await this.sql`select id, account_id, hold, charged, uncollected from requests
      where account_id = any (${accounts}) order by id`
    const values = (table: Iterable<object>) =>
      [...table].map((row) => Object.values(row).map(String))
    return {
      accounts: values(rows),
      ledger: values(ledger),
      holds: values(holds),
      requests: values(requests),
    }
  }
}

/** What both versions read; the older one passes over what it does not know. */
function toReserveRow({ limits = {}, ...row }: HoldRow) {
  return {
    id: row.id,
    account_id: row.account,
    key_id: row.key ?? KEY,
    amount: row.amount,
    minimum: row.minimum,
    terms: { model: 'sandbox-echo' },
    account_rpm: limits.accountRpm,
    key_rpm: limits.keyRpm,
    account_concurrency: limits.accountConcurrency,
    key_concurrency: limits.keyConcurrency,
    tokens: row.tokens ?? 0n,
    account_tpm: limits.accountTpm,
    key_tpm: limits.keyTpm,
    capped: row.capped ?? false,
  }
}

function toSettleRow({ id, account, cost, key, tokens, crashed = false }: SettleRow) {
  const outcome = crashed ? 'crashed' : 'completed'
  const record = toRow(aRecord({ outcome, ...(key && { keyId: key }) }))
  return { id, account_id: account, cost, tokens, crashed, record }
}

function json(rows: object[]): string {
  return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}
