import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { type Answer, ask, codeOf, newKey, sendOnce, sendUntilFree, spentBy } from './setup.ts'

const AT_ONCE = 50

let one: Tollkeeper
let two: Tollkeeper
beforeAll(async () => {
  one = await startProxy()
  two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
})
afterAll(async () => {
  await two.close()
  await one.close()
})

/** Half of them to each instance, all at the same time. */
function sendAtOnce(apiKey: string, key: string, body: object): Promise<Answer[]> {
  const proxies = Array.from({ length: AT_ONCE }, (_, at) => (at % 2 === 0 ? one : two))
  return Promise.all(proxies.map((proxy) => sendOnce(proxy, apiKey, key, body)))
}

test.each([
  ['in one piece', false],
  ['as a stream', true],
])(
  'an answer %s asked for 50 times at once, later and after a restart is made and paid once',
  async (_, stream) => {
    const { key: apiKey } = await one.customer('1000')
    const key = newKey()
    const body = ask('sandbox-echo', stream, { reply_chars: 400, delay_ms: 5 })
    const callsBefore = one.sandbox.calls.size
    const isOurs = (answer: Answer) => answer.status === 200

    const first = await sendAtOnce(apiKey, key, body)
    for (const answer of first.filter((other) => !isOurs(other))) {
      expect([answer.status, codeOf(answer)]).toEqual([409, 'idempotency_key_in_use'])
      expect(answer.headers.get('retry-after')).toBe('2')
    }
    const original = first.find((answer) => isOurs(answer) && answer.replayOf === null) as Answer
    expect(original.body.length).toBeGreaterThan(400)
    const kept = await sendUntilFree(two, apiKey, key, body)
    const later = await sendAtOnce(apiKey, key, body)
    await two.close()
    two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
    const last = await sendOnce(two, apiKey, key, body)

    const replays = [...first.filter(isOurs), kept, ...later, last].filter(
      (answer) => answer.requestId !== original.requestId,
    )
    expect(replays.length).toBeGreaterThan(AT_ONCE)
    for (const replay of replays) {
      expect(replay.status).toBe(200)
      expect(replay.body.equals(original.body)).toBe(true)
      expect(replay.replayOf).toBe(original.requestId)
      for (const name of ['content-type', 'cache-control', 'x-accel-buffering']) {
        expect(replay.headers.get(name)).toBe(original.headers.get(name))
      }
    }
    expect(new Set(replays.map(({ requestId }) => requestId)).size).toBe(replays.length)
    expect(one.sandbox.calls.size - callsBefore).toBe(1)
    const { charged } = await one.settled(original.requestId)
    expect(Number(charged)).toBeGreaterThan(0)
    expect(await spentBy(one, apiKey)).toBe(charged)
    await eventually(async () => {
      const { body: audit } = await one.admin('GET', '/audit')
      return audit.ok || undefined
    })
  },
)
