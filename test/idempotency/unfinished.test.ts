import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import {
  answerAsAsked,
  openStream,
  type Seen,
  says,
  startUpstream,
  type Upstream,
} from '../relay/upstream.ts'
import { codeOf, newKey, sendOnce, sendUntilFree, spentBy } from './setup.ts'

/** What the upstream does with a call. */
let answer: (response: ServerResponse, request: Seen) => void
let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeEach(async () => {
  answer = answerAsAsked
  upstream = await startUpstream((response, request) => answer(response, request))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('1000')
})
afterEach(async () => {
  await proxy.close()
  await upstream.close()
})

const QUESTION = { model: 'any', messages: [{ role: 'user', content: 'Hi' }] }
const send = (key: string, stream: boolean, init: RequestInit = {}) =>
  sendOnce(proxy, customer.key, key, { ...QUESTION, stream }, init)

/** Does this with the first call, and answers all others. */
function first(once: typeof answer): void {
  answer = (response, request) => {
    answer = answerAsAsked
    once(response, request)
  }
}

/** Answers with an error. */
const refuse = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end('{"error":{"message":"no","type":"server_error","code":null}}')
}

test.each([
  [400, false],
  [429, false],
  [429, true],
  [500, false],
  [500, true],
  [503, true],
])(
  'a request that the upstream answered %i runs again under its key (stream: %s)',
  async (status, stream) => {
    const key = newKey()
    for (const failure of [refuse(status), (response: ServerResponse) => response.destroy()]) {
      answer = failure
      const refused = await sendUntilFree(proxy, customer.key, key, { ...QUESTION, stream })
      expect(refused.status).toBeGreaterThanOrEqual(400)
      expect(refused.replayOf).toBeNull()
    }
    answer = answerAsAsked
    const whole = await sendUntilFree(proxy, customer.key, key, { ...QUESTION, stream })
    expect([whole.status, whole.replayOf]).toEqual([200, null])
    const { charged } = await proxy.settled(whole.requestId)
    expect(await spentBy(proxy, customer.key)).toBe(charged)
  },
)

test('a request without credits runs under its key when there are some', async () => {
  const poor = await proxy.customer('0.001')
  const key = newKey()
  const refused = await sendOnce(proxy, poor.key, key, QUESTION)
  expect([refused.status, codeOf(refused)]).toEqual([402, 'insufficient_quota'])
  const grant = { credits: '1000', reference: 'invoice-1' }
  await proxy.admin('POST', `/accounts/${poor.accountId}/grants`, grant)
  const answer = await sendUntilFree(proxy, poor.key, key, QUESTION)
  expect([answer.status, answer.replayOf]).toEqual([200, null])
})

test('a key of a refused request may ask something else', async () => {
  answer = refuse(500)
  const key = newKey()
  expect((await send(key, false)).status).toBe(502)
  answer = answerAsAsked
  const other = { ...QUESTION, temperature: 1 }
  await eventually(async () => {
    const { status } = await sendOnce(proxy, customer.key, key, other)
    return status === 200 || undefined
  })
})

test('a stream that broke off is paid for what came, and runs again under its key', async () => {
  first((response) => {
    openStream(response).write(says('Hel'))
    setTimeout(() => response.destroy(), 20)
  })
  const key = newKey()
  const broken = await send(key, true)
  expect(broken.body.toString()).toContain('"error"')
  expect(broken.body.toString()).not.toContain('[DONE]')
  const whole = await sendUntilFree(proxy, customer.key, key, { ...QUESTION, stream: true })
  expect(whole.replayOf).toBeNull()
  expect(whole.body.toString()).toMatch(/\[DONE\]\n\n$/)
  const replay = await sendUntilFree(proxy, customer.key, key, { ...QUESTION, stream: true })
  expect(replay.replayOf).toBe(whole.requestId)
  expect(upstream.seen).toHaveLength(2)
})

test('a stream whose client left runs again under its key, once the upstream is stopped', async () => {
  first((response) => {
    openStream(response).write(says('Hel'))
  })
  const key = newKey()
  const client = new AbortController()
  const left = send(key, true, { signal: client.signal }).catch(() => null)
  await eventually(() => upstream.seen.length === 1 || undefined)
  const busy = await send(key, true)
  expect([busy.status, codeOf(busy)]).toEqual([409, 'idempotency_key_in_use'])
  client.abort()
  await left
  const whole = await sendUntilFree(proxy, customer.key, key, { ...QUESTION, stream: true })
  expect(whole.replayOf).toBeNull()
  expect(whole.body.toString()).toMatch(/\[DONE\]\n\n$/)
  expect(upstream.seen).toHaveLength(2)
  expect(upstream.seen[0]?.gone).toBe(true)
})

test('an answer in one piece whose client left early costs nothing, and runs again', async () => {
  first(() => {})
  const key = newKey()
  const client = new AbortController()
  const left = send(key, false, { signal: client.signal }).catch(() => null)
  await eventually(() => upstream.seen.length === 1 || undefined)
  client.abort()
  await left
  const whole = await sendUntilFree(proxy, customer.key, key, { ...QUESTION, stream: false })
  expect([whole.status, whole.replayOf]).toEqual([200, null])
  const { charged } = await proxy.settled(whole.requestId)
  expect(await spentBy(proxy, customer.key)).toBe(charged)
})

test('an answer that was complete before its client left is kept', async () => {
  const key = newKey()
  const client = new AbortController()
  const body = { ...QUESTION, stream: true }
  const response = await proxy.chat(customer.key, body, {
    signal: client.signal,
    headers: {
      authorization: `Bearer ${customer.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
  })
  const id = response.headers.get('x-request-id')
  await proxy.settled(id as string)
  client.abort() // not a byte of the body was read
  const replay = await sendUntilFree(proxy, customer.key, key, body)
  expect(replay.replayOf).toBe(id)
  expect(replay.body.toString()).toMatch(/\[DONE\]\n\n$/)
  expect(upstream.seen).toHaveLength(1)
})
