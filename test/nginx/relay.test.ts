import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chunk, startUpstream } from '../failures/scripted-upstream.ts'
import { eventually } from '../harness/proxy.ts'
import { LOOPBACK, putModel, putProvider } from '../routing/setup.ts'
import { hasNginx } from './nginx.ts'
import { ask, type Pair, post, startPair } from './pair.ts'

/** A million chunks: the kernel keeps 36 MB and more of a connection, and there are three. */
const ENDLESS = { reply_chars: 4_000_000, chunk_chars: 4 }

describe.runIf(hasNginx())('behind nginx', () => {
  let pair: Pair
  let key: string
  beforeAll(async () => {
    pair = await startPair({}, LOOPBACK)
    key = (await pair.instances[0].customer('100000')).key
  })
  afterAll(() => pair.close())

  test('a stream arrives event by event, not in one piece at its end', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    const upstream = await startUpstream(asked.resolve)
    await putProvider(pair.instances[0], 'acme', upstream)
    for (const one of pair.instances) await putModel(one, 'step-by-step', [{ provider: 'acme' }])
    const call = post(pair.url, key, ask('step-by-step', true))
    const response = (await asked.promise).writeHead(200, { 'content-type': 'text/event-stream' })
    for (const content of ['one', 'two', 'three']) {
      response.write(`data: ${chunk({ content })}\n\n`)
      await eventually(() => call.pieces.join('').includes(content)) // the next is not written yet
    }
    response.end(`data: ${chunk({}, 'stop')}\n\ndata: [DONE]\n\n`)
    expect((await call.answer).text).toMatch(/data: \[DONE\]\n\n$/)
    await upstream.close()
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
    call.hangUp()
    await eventually(() => upstream.endedAt !== null || undefined)
    expect(upstream.closedByPeer).toBe(true)
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
