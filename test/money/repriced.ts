import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { costOf, fallbackRate, rateOfPrice } from '../../src/domain/prices/price.ts'
import { timeOf } from '../../src/domain/request-time.ts'
import { usageOf } from '../../src/domain/usage/usage.ts'
import { loadCatalogue } from '../../src/store/catalogue.ts'
import { type RequestRecord, toRow } from '../../src/store/request-record.ts'
import { pinCreditsPerUsd } from '../../src/store/settings.ts'
import { createTestDatabase } from '../harness/database.ts'
import { aRecord } from '../store/a-record.ts'
import { LedgerSql } from '../store/ledger-sql.ts'

export const CREDIT = 1_000_000n
export const CREDITS_PER_USD = 1_000n

/** Micro-credits per 1,000 tokens of a model without a price. */
const FALLBACK = 10n * CREDIT

const BEGINNING = Date.UTC(2026, 5, 1)

/** So many minutes into the time of these tests. */
export const minute = (count: number): Date => new Date(BEGINNING + count * 60_000)

export type Call = {
  account: string
  provider: string
  model: string
  /** When it began, in minutes. */
  at: number
  prompt: number
  completion: number
  markupPpm?: bigint
  record?: Partial<RequestRecord>
}

/** USD per million tokens in nano-USD. */
export type Amounts = { input: bigint; output: bigint }

export type Shop = Awaited<ReturnType<typeof openShop>>

/** A ledger whose requests begin and are priced at any time of the past. */
export async function openShop(connections = 6) {
  const { url, sql: first } = await createTestDatabase()
  const sql = postgres(url, { max: connections, onnotice: () => {} })
  const db = drizzle(sql)
  const ledger = new LedgerSql(sql)
  await pinCreditsPerUsd(db, CREDITS_PER_USD)

  return {
    ...{ url, sql, db, ledger },
    /** An account with so many micro-credits. */
    async account(granted: bigint): Promise<string> {
      const id = await ledger.addAccount()
      if (granted > 0n) await ledger.grant(id, 'initial', granted)
      return id
    },
    /** Enters a price, unless there is one from that minute on. @returns its id, or null */
    async price(provider: string, model: string, from: number, amounts: Amounts) {
      const [input, output] = [String(amounts.input), String(amounts.output)]
      const since = minute(from).toISOString()
      const [row] = await sql<{ id: string }[]>`
        insert into prices (id, provider, model, effective_from, input, cached_input, output,
            reasoning)
          values (${randomUUIDv7()}, ${provider}, ${model}, ${since}, ${input}, ${input},
            ${output}, ${output})
          on conflict do nothing returning id`
      return row?.id ?? null
    },
    /** A whole request, charged as it would be now: as far as its account can pay. */
    async call(one: Call): Promise<string> {
      const id = idAt(minute(one.at))
      const { markupPpm = 1_000_000n } = one
      const catalogue = await loadCatalogue(db)
      const price = catalogue.priceAt(one.provider, one.model, timeOf(id))
      const rate = price
        ? rateOfPrice(price, CREDITS_PER_USD, markupPpm)
        : fallbackRate(FALLBACK, markupPpm)
      const cost = costOf(usageOf(one.prompt, one.completion), rate)
      const amount = { id, account: one.account, amount: cost, minimum: 0n }
      await ledger.reserve([amount], false)
      const record = aRecord({
        ...{ provider: one.provider, upstreamModel: one.model, model: one.model },
        ...{ promptTokens: one.prompt, completionTokens: one.completion },
        ...{ priceId: rate.priceId, markupPpm: String(markupPpm), ...one.record },
      })
      await settle(sql, { id, account: one.account, cost, record })
      return id
    },
    async posted(account: string): Promise<bigint> {
      const [row] = await sql`select posted from accounts where id = ${account}`
      return BigInt(row?.posted)
    },
    /** Every entry of these accounts, in order. */
    entries: (accounts: string[]) => sql`
      select account_id, seq, kind, amount, balance_after, request_id, reference, created_at::text
        from ledger where account_id = any (${accounts}) order by account_id, seq`,
    async close() {
      await Promise.all([sql.end(), first.end()])
    },
  }
}

/** Ends a hold. */
export async function settle(
  sql: postgres.Sql,
  end: { id: string; account: string; cost: bigint; record: RequestRecord },
): Promise<void> {
  const { id, account, cost, record } = end
  const crashed = record.outcome === 'crashed'
  const row = { id, account_id: account, cost: String(cost), crashed, record: toRow(record) }
  await sql`select * from settle_v3(${JSON.stringify([row])}::text::json)`
}

/** A new UUIDv7 of a time. */
export function idAt(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0')
  const rest = randomBytes(8).toString('hex')
  const [high, low] = [rest.slice(0, 3), rest.slice(3, 15)]
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${high}-8${rest.slice(13)}-${low}`
}

/** A name that no other test has. */
export const fresh = (what: string) => `${what} ${randomUUID()}`
