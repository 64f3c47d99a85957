import { randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'
import { toRow } from '../../src/store/request-record.ts'
import { aRecord } from './a-record.ts'
import type { HoldRow, LedgerModel } from './ledger-model.ts'

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

  async reserve(rows: HoldRow[], replay: boolean) {
    const batch = rows.map(({ id, account, amount, minimum }) => ({
      id,
      account_id: account,
      key_id: KEY,
      amount: String(amount),
      minimum: String(minimum),
      terms: { model: 'sandbox-echo' },
    }))
    const answers = await this.sql<{ id: string; outcome: string; granted: string }[]>`
      select id, outcome, granted
      from reserve_v1(${INSTANCE}, ${JSON.stringify(batch)}::text::json, ${replay})`
    return new Map(
      answers.map(({ id, outcome, granted }) => [id, { outcome, granted: BigInt(granted) }]),
    )
  }

  async extend(rows: { id: string; account: string; amount: bigint }[]) {
    const batch = rows.map(({ id, account, amount }) => ({
      id,
      account_id: account,
      amount: String(amount),
    }))
    const answers = await this.sql<{ id: string; amount: string }[]>`
      select id, amount from extend_v1(${JSON.stringify(batch)}::text::json)`
    return new Map(answers.map(({ id, amount }) => [id, BigInt(amount)]))
  }

  async settle(rows: { id: string; account: string; cost: bigint }[]) {
    const batch = rows.map(({ id, account, cost }) => ({
      id,
      account_id: account,
      cost: String(cost),
      record: toRow(aRecord()),
    }))
    const answers = await this.sql<{ id: string; charged: string; uncollected: string }[]>`
      select id, charged, uncollected from settle_v1(${JSON.stringify(batch)}::text::json)`
    return new Map(
      answers.map(({ id, charged, uncollected }) => [
        id,
        { charged: BigInt(charged), uncollected: BigInt(uncollected) },
      ]),
    )
  }

  /** Records requests that held nothing. */
  async record(rows: { id: string; account: string }[]): Promise<void> {
    const batch = rows.map(({ id, account }) => ({
      id,
      account_id: account,
      record: toRow(aRecord({ outcome: 'refused' })),
    }))
    await this.sql`select id from record_v1(${JSON.stringify(batch)}::text::json)`
  }

  async grant(account: string, reference: string, credits: bigint): Promise<string> {
    const [row] = await this.sql<{ outcome: string }[]>`
      select grant_v1(${account}, ${reference}, ${String(credits)}) as outcome`
    return row?.outcome as string
  }

  async setActive(account: string, active: boolean): Promise<void> {
    const status = active ? 'active' : 'suspended'
    await this.sql`update accounts set status = ${status} where id = ${account}`
  }

  /** Everything stored of these accounts, in the shape of `stateOf` a model. */
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

/** What the tables must hold: posted is the sum of the ledger, held that of the open holds. */
export function stateOf(model: LedgerModel) {
  const accounts = [...model.accounts].toSorted(byId)
  const heldBy = (id: string) =>
    [...model.holds.values()].reduce(
      (sum, { account, amount }) => sum + (account === id ? amount : 0n),
      0n,
    )
  const posted = (id: string) =>
    model.accountOf(id).entries.reduce((sum, { amount }) => sum + amount, 0n)
  const ledger = accounts.flatMap(([id, { entries }]) =>
    entries.map(({ seq, kind, amount, balanceAfter }) => [id, seq, kind, amount, balanceAfter]),
  )
  const ended = [...model.ended].toSorted(byId)
  return {
    accounts: texts(
      accounts.map(([id, { entries }]) => [id, posted(id), heldBy(id), entries.length]),
    ),
    ledger: texts(ledger),
    holds: texts(
      [...model.holds].toSorted(byId).map(([id, { account, amount }]) => [id, account, amount]),
    ),
    requests: texts(
      ended.map(([id, { account, hold, charged, uncollected }]) => [
        id,
        account,
        hold,
        charged,
        uncollected,
      ]),
    ),
  }
}

function texts(rows: unknown[][]): string[][] {
  return rows.map((row) => row.map(String))
}

function byId([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}
