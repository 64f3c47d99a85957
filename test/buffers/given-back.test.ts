import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import {
  answerAsAsked,
  answerWhole,
  openStream,
  says,
  startUpstream,
  type Upstream,
} from '../relay/upstream.ts'

const LIMIT = 64 * 1024

/** Room for three bodies of the largest size, of one account. */
const BUDGET = 4 * LIMIT

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response, seen) => {
    const { user } = JSON.parse(seen.body.toString())
    if (user === 'refused') response.writeHead(400).end('{"error":{"message":"no"}}')
    else if (user === 'cut') openStream(response).write(says('Hello'), () => response.destroy())
    else if (user === 'hang') openStream(response).write(says('Hello'))
    else if (user === 'silent') return
    else if (user === 'large') answerWhole(response, 'x'.repeat(BUDGET))
    else answerAsAsked(response, seen)
  })
  const sizes = { BODY_LIMIT_BYTES: String(LIMIT), BUFFER_BUDGET_BYTES: String(BUDGET) }
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin, ...sizes } })
  customer = await proxy.customer('1000000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

type Ending = {
  user: 'answered' | 'refused' | 'cut' | 'hang' | 'silent'
  stream: boolean
  bytes: number
  coding: 'identity' | 'gzip'
  /** How much of the body is sent. */
  sent: 'all' | 'half' | 'garbage'
  /** The client leaves at once, or when the upstream has it. */
  leaves: 'never' | 'soon' | 'later'
}

const anEnding: fc.Arbitrary<Ending> = fc.record({
  user: fc.constantFrom('answered', 'refused', 'cut', 'hang', 'silent'),
  stream: fc.boolean(),
  bytes: fc.integer({ min: 0, max: LIMIT + 1_000 }),
  coding: fc.constantFrom('identity', 'gzip'),
  sent: fc.constantFrom('all', 'all', 'half', 'garbage'),
  leaves: fc.constantFrom('never', 'soon', 'later'),
})

function bodyOf({ user, stream, bytes, coding, sent }: Ending): Buffer {
  const messages = [{ role: 'user', content: 'x'.repeat(bytes) }]
  const json = Buffer.from(JSON.stringify({ model: 'any', user, stream, messages }))
  const encoded = coding === 'gzip' ? gzipSync(json) : json
  return sent === 'garbage' ? encoded.fill('?', 1) : encoded
}

/** Sends one request until it is over, one way or another. */
function end(ending: Ending): Promise<number | null> {
  const waits = ending.user === 'hang' || ending.user === 'silent' || ending.sent === 'half'
  const leaves = ending.leaves === 'never' && waits ? 'later' : ending.leaves
  const body = bodyOf(ending)
  return new Promise((resolve) => {
    const call = httpRequest(`${proxy.url}/chat/completions`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${customer.key}`,
        'content-encoding': ending.coding,
        'content-length': body.length,
      },
    })
    call.on('error', () => resolve(null))
    call.on('close', () => resolve(null))
    call.on('response', (response) => {
      response.on('error', () => resolve(null))
      response.resume().on('end', () => resolve(response.statusCode ?? null))
    })
    const all = ending.sent === 'half' ? body.subarray(0, body.length / 2) : body
    call.write(all, () => leaves === 'soon' && call.destroy())
    if (ending.sent !== 'half') call.end()
    if (leaves === 'later') setTimeout(() => call.destroy(), 50)
  })
}

const ANSWERED: Ending = {
  user: 'answered',
  stream: false,
  bytes: 10,
  coding: 'identity',
  sent: 'all',
  leaves: 'never',
}

/** One request for each way in which a client sees an ending. */
const EACH: Ending[] = [
  ANSWERED,
  { ...ANSWERED, user: 'refused' },
  { ...ANSWERED, bytes: LIMIT + 1_000, coding: 'gzip' },
  { ...ANSWERED, user: 'silent', leaves: 'later' },
]

test('whatever becomes of requests, nothing of the budget stays taken', async () => {
  const statuses = new Set<number | null>()
  const endings = fc.array(anEnding, { minLength: 6, maxLength: 12 })
  const property = fc.asyncProperty(endings, async (all) => {
    for (const status of await Promise.all(all.map(end))) statuses.add(status)
    await eventually(() => proxy.app.buffers.taken === 0 || undefined)
  })
  await fc.assert(property, { numRuns: 25, endOnFailure: true, examples: [[EACH]] })
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 413, null]))
})

test('a request beyond the room of its account is a 503 that says when to try again', async () => {
  const waiting: Ending = { ...ANSWERED, user: 'silent', bytes: LIMIT - 1_000 }
  const before = upstream.seen.length
  const calls = [1, 2, 3].map(() => {
    const controller = new AbortController()
    const { signal } = controller
    const body = bodyOf(waiting) as Buffer<ArrayBuffer>
    const answer = proxy.chat(customer.key, null, { body, signal }).catch(() => {})
    return { answer, leave: () => controller.abort() }
  })
  await eventually(() => upstream.seen.length === before + calls.length)
  const body = bodyOf({ ...waiting, user: 'answered' }) as Buffer<ArrayBuffer>
  const response = await proxy.chat(customer.key, null, { body })
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await response.json()).toMatchObject({ error: { code: 'overloaded' } })
  const other = await proxy.customer('1000000')
  expect((await proxy.chat(other.key, null, { body })).status).toBe(200) // it has room of its own
  for (const { leave } of calls) leave()
  await Promise.all(calls.map(({ answer }) => answer))
  await eventually(() => proxy.app.buffers.taken === 0 || undefined)
  const again = await proxy.chat(customer.key, null, { body })
  expect(again.status).toBe(200)
})

test('an answer in one piece beyond the budget is a 503, and costs nothing', async () => {
  const messages = [{ role: 'user', content: 'Hi' }]
  const response = await proxy.chat(customer.key, { model: 'any', user: 'large', messages })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: { code: 'overloaded' } })
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'refused', state: 'released', charged: '0' })
  await eventually(() => proxy.app.buffers.taken === 0 || undefined)
})
