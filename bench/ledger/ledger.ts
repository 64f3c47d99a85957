/** The lanes of the ledger as the proxy opens them, and the CPU time of their Postgres backends. */
import { randomUUIDv7 } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type postgres from 'postgres'
import { Owner } from '../../src/leases/owner.ts'
import { createReserveLane } from '../../src/store/lanes/reserve.ts'
import { createSettleLane } from '../../src/store/lanes/settle.ts'
import type { RequestRecord } from '../../src/store/request-record.ts'

const KEY = randomUUIDv7()
const NO_LIMITS = { requestsPerMinute: null, tokensPerMinute: null, concurrency: null, spend: null }
const HOLD = 50_000n
const COST = 1_000n

const TERMS = {
  endpoint: '/v1/chat/completions',
  model: 'gpt-bench',
  provider: 'openai',
  base_url: 'https://upstream.example/v1',
  upstream_model: 'gpt-bench',
  stream: true,
  price_id: null,
  markup_ppm: '1000000',
  rate: { input: '1', cachedInput: '1', output: '1', reasoning: '1', request: '0' },
}

const RECORD: RequestRecord = {
  keyId: KEY,
  endpoint: '/v1/chat/completions',
  model: 'gpt-bench',
  provider: 'openai',
  baseUrl: 'https://upstream.example/v1',
  upstreamModel: 'gpt-bench',
  stream: true,
  status: 200,
  outcome: 'completed',
  stage: 'ended',
  stages: { auth: 0, body: 1, tier: 1, credit: 1, upstream: 3, answer: 250, ended: 1_200 },
  attempts: [],
  slices: 0,
  errorCode: null,
  error: null,
  ttftMs: 250,
  durationMs: 1_200,
  chunkCount: 50,
  completionLength: 200,
  promptTokens: 100,
  cachedTokens: 0,
  completionTokens: 50,
  reasoningTokens: 0,
  usageSource: 'reported',
  estimatedTokens: 150,
  priceId: null,
  markupPpm: '1000000',
}

export type Ledger = {
  /** Holds credits for a request of a random account, and settles it. */
  pair(): Promise<void>
  /** Microseconds of CPU that the lanes' backends have used so far. */
  cpuUs(): Promise<number>
  close(): Promise<void>
}

export function openLedger(url: string, sql: postgres.Sql, accounts: string[]): Ledger {
  const instance = randomUUIDv7()
  const reserve = createReserveLane(url, new Owner(instance, async () => instance))
  const settle = createSettleLane(url)
  const limits = { account: NO_LIMITS, key: NO_LIMITS }
  return {
    async pair() {
      const id = randomUUIDv7()
      const accountId = accounts[Math.floor(Math.random() * accounts.length)] as string
      const asked = { amount: HOLD, minimum: HOLD, tokens: 150, terms: TERMS, limits }
      const hold = { ...asked, id, accountId, keyId: KEY }
      const { outcome } = await reserve.submit(hold)
      if (outcome !== 'held') throw new Error(`a hold was ${outcome}`)
      const charge = await settle.submit({ id, accountId, cost: COST, record: RECORD })
      if (charge?.charged !== COST) throw new Error('a hold was not settled')
    },
    async cpuUs() {
      const backends = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity where datname = current_database()
          and application_name in ('tollkeeper-reserve', 'tollkeeper-settle')`
      return backends.reduce((sum, { pid }) => sum + cpuUsOf(pid), 0)
    },
    async close() {
      await Promise.all([reserve.close(), settle.close()])
    },
  }
}

/** What the scheduler has given a process, in microseconds. */
function cpuUsOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000
}
