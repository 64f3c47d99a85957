import { afterEach, beforeEach, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { AbortWatch, type Moment, type Truth, truthOf, type Visit, visitAll } from './hang-up.ts'
import { TOKEN } from './setup.ts'

/** Clients of each test; the figures of the promise are of 1,000. */
const CLIENTS = Number(process.env.TEST_CLIENTS ?? 100)
const LONG = { timeout: 600_000 }
const CHUNKS = 50
const CHUNK_MS = 20
/** The role, the chunks, the finish_reason and [DONE]. */
const EVENTS = CHUNKS + 3
const HEAD_MS = 50
const ANSWER_MS = HEAD_MS + CHUNKS * CHUNK_MS
/** The promise: an upstream call ends within a second of the hang-up. */
const ABORT_MS = 1_000

let proxy: Tollkeeper
let watch: AbortWatch
beforeEach(async () => {
  proxy = await startProxy()
  watch = new AbortWatch()
})
afterEach(async () => {
  watch.stop()
  await proxy.close()
})

const between = (least: number, most: number) => least + Math.random() * (most - least)

const atOnce = (): Moment => ({ kind: 'at once', ms: between(0, HEAD_MS) })

/** A third leaves somewhere in the stream, a third just before or after its end. */
const OF_STREAM: ((turn: number) => Moment)[] = [
  (turn) => ({ kind: 'events', count: 1 + (turn % (EVENTS - 7)), ms: between(0, CHUNK_MS) }),
  (turn) => ({ kind: 'events', count: EVENTS - 5 + (turn % 8), ms: 0 }),
  atOnce,
]

/** A third leaves before the answer, a third just before or after it. */
const OF_PLAIN: ((turn: number) => Moment)[] = [
  () => ({ kind: 'unanswered' }),
  () => ({ kind: 'answered', ms: between(0.9, 1.1) * ANSWER_MS }),
  atOnce,
]

function visits(stream: boolean): Visit[] {
  const moments = stream ? OF_STREAM : OF_PLAIN
  const sandbox = { reply_chars: 4 * CHUNKS, delay_ms: CHUNK_MS, head_delay_ms: HEAD_MS }
  const messages = [{ role: 'user', content: 'Say something.' }]
  const body = { model: 'sandbox-echo', stream, max_tokens: 200, messages, sandbox }
  return Array.from({ length: CLIENTS }, (_, index) => {
    const momentOf = moments[index % moments.length] as (turn: number) => Moment
    return { body, moment: momentOf(Math.floor(index / moments.length)) }
  })
}

/** Tokens charged beyond what the upstream had written when it saw the hang-up. */
function deviation({ call, charged }: Truth): number {
  const tokens = Number(charged / TOKEN)
  if (tokens === 0) return -call.completionTokens // nothing had reached the proxy
  return tokens - call.promptTokens - call.completionTokens
}

async function expectLedgerInOrder(truths: Truth[], accountId: string, credits: bigint) {
  const taken = truths.reduce((sum, { charged }) => sum + charged, 0n)
  const [account] = await proxy.sql`
    select posted, held from accounts where id = ${accountId.slice(4)}`
  expect(account).toEqual({ posted: String(credits - taken), held: '0' })
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true, violations: [] })
}

test('a stream that is hung up on is charged what was generated', LONG, async ({ annotate }) => {
  const { key, accountId } = await proxy.customer('1000000')
  const truths = await truthOf(proxy, await visitAll(proxy, key, visits(true)))
  const deviations = truths.map(deviation)
  const slowest = Math.max(...truths.map((truth) => watch.abortMs(truth)))
  const count = (outcome: string) => truths.filter((truth) => truth.outcome === outcome).length
  await annotate(
    `${CLIENTS} clients, ${truths.length} upstream calls: ${count('completed')} completed, ` +
      `${count('client_gone')} gone; ${Math.min(...deviations)} to ${Math.max(...deviations)} ` +
      `chunks beyond the truth; slowest abort ${slowest.toFixed(1)} ms`,
  )
  expect(count('completed') + count('client_gone')).toBe(truths.length)
  expect(count('completed')).toBeGreaterThan(0)
  expect(count('client_gone')).toBeGreaterThan(CLIENTS / 3)
  expect(deviations.filter((chunks) => Math.abs(chunks) > 1)).toEqual([])
  expect(slowest).toBeLessThan(ABORT_MS)
  await expectLedgerInOrder(truths, accountId, 1_000_000_000_000n)
})

test('a plain request that is hung up on is released', LONG, async ({ annotate }) => {
  const { key, accountId } = await proxy.customer('1000000')
  const truths = await truthOf(proxy, await visitAll(proxy, key, visits(false)))
  const slowest = Math.max(...truths.map((truth) => watch.abortMs(truth)))
  const gone = truths.filter(({ outcome }) => outcome === 'client_gone')
  await annotate(`${gone.length} of ${truths.length} gone; slowest abort ${slowest.toFixed(1)} ms`)
  expect(gone.length).toBeGreaterThan(CLIENTS / 3)
  for (const { call, charged, outcome } of truths) {
    const whole = BigInt(call.promptTokens + CHUNKS) * TOKEN
    expect(charged).toBe(outcome === 'completed' ? whole : 0n)
  }
  expect(slowest).toBeLessThan(ABORT_MS)
  await expectLedgerInOrder(truths, accountId, 1_000_000_000_000n)
})
