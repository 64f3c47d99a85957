import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { hasNginx } from './nginx.ts'
import { ask, type Pair, post, startPair } from './pair.ts'

const WITHIN_MS = 1_000

/** A million chunks: the kernel keeps 36 MB and more of a connection, and there are three. */
const ENDLESS = { reply_chars: 4_000_000, chunk_chars: 4 }

describe.runIf(hasNginx())('behind nginx', () => {
  let pair: Pair
  let key: string
  beforeAll(async () => {
    pair = await startPair()
    key = (await pair.instances[0].customer('100000')).key
  })
  afterAll(() => pair.close())

  test('a stream arrives event by event, not in one piece at its end', async () => {
    const sandbox = { reply_chars: 40, chunk_chars: 4, delay_ms: 100 }
    const call = post(pair.url, key, ask('sandbox-echo', true, sandbox))
    expect((await call.answer).text).toMatch(/data: \[DONE\]\n\n$/)
    expect(call.pieces.length).toBeGreaterThan(5) // 10 chunks; some slack for a machine that stalls
  })

  test('the events of a stream that falls silent have arrived all the same', async () => {
    const call = post(pair.url, key, ask('sandbox-hang-midstream', true))
    await eventually(() => call.pieces.join('').split('"content":').length > 3 || undefined)
    expect(call.pieces.join('')).toMatch(/\n\n$/)
    call.hangUp()
    await eventually(() => pair.sandbox.open() === 0 || undefined)
  })

  test('a client that stops reading stops the upstream, as nginx keeps nothing for it', async () => {
    const call = post(pair.url, key, ask('sandbox-echo', true, ENDLESS))
    await eventually(() => call.pieces.length > 0 || undefined)
    call.read(false)
    const upstream = [...pair.sandbox.calls.values()].at(-1)
    const stalledAt = await eventually(async () => {
      const before = upstream?.chunks
      await delay(300)
      return upstream?.chunks === before ? before : undefined
    })
    expect(upstream?.endedAt).toBe(null)
    call.read(true)
    await eventually(() => (upstream?.chunks ?? 0) > stalledAt || undefined)
    call.hangUp()
    await eventually(() => pair.sandbox.open() === 0 || undefined)
  })

  test.each([
    ['stream', true],
    ['JSON answer', false],
  ])('hanging up on a %s stops the upstream through nginx', async (_, stream) => {
    const call = post(pair.url, key, ask('sandbox-hang', stream))
    const upstream = await eventually(() =>
      [...pair.sandbox.calls.values()].find(({ endedAt }) => endedAt === null),
    )
    const leftAt = performance.now()
    call.hangUp()
    await eventually(() => upstream.endedAt !== null || undefined)
    expect(upstream.closedByPeer).toBe(true)
    expect((upstream.endedAt ?? 0) - leftAt).toBeLessThan(WITHIN_MS)
  })

  test('the request id of an answer is the one of the record, through nginx too', async () => {
    const { headers } = await post(pair.url, key, ask('sandbox-echo', false)).answer
    const record = await pair.instances[0].settled(headers['x-request-id'] as string)
    expect(record).toMatchObject({ id: headers['x-request-id'], outcome: 'completed' })
  })

  test.each([
    ['sandbox-error-500', 502, 'upstream_error'],
    ['sandbox-error-429', 429, 'rate_limit_exceeded'],
    ['sandbox-error-404', 404, 'upstream_rejected'],
  ])("an instance's own error for %s passes nginx untouched", async (model, status, code) => {
    const direct = await pair.instances[0].chat(key, ask(model, false))
    const answer = await post(pair.url, key, ask(model, false)).answer
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text).error.code).toBe(code)
    expect(answer.text).toBe(await direct.text())
    expect(answer.headers['retry-after'] ?? null).toBe(direct.headers.get('retry-after'))
  })
})
