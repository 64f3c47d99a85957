import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK_STREAM, ask, watch } from './client.ts'
import {
  CHUNK,
  DONE,
  event,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
  USAGE_EVENT,
} from './upstream.ts'

const STOP = says('', 'stop')
const choice = (index: number, finish: string | null) =>
  event({
    ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' },
    choices: [
      {
        index,
        delta: { ...(finish === null && { role: 'assistant' }), content: 'x' },
        finish_reason: finish,
      },
    ],
  })
const FILTERED = event({ ...CHUNK, choices: [], prompt_filter_results: [] })
const half = (text: string) => text.slice(0, -20)

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
let answer: (response: ServerResponse) => void
beforeAll(async () => {
  upstream = await startUpstream((response) => answer(openStream(response)))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('100000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** What a client is sent of a stream that ends with these bytes. */
async function relayed(bytes: string, more: object = {}): Promise<string> {
  answer = (response) => response.end(bytes)
  const { text } = await ask(proxy, customer.key, { ...ASK_STREAM, ...more })
  return text
}

describe('a stream is whole', () => {
  test.each([
    ['that ends with [DONE]', opens('x') + STOP + DONE, opens('x') + STOP],
    ['that ends with its finish_reason and no [DONE]', opens('x') + STOP, opens('x') + STOP],
    [
      'of two choices that ends with both finish_reasons',
      choice(0, null) + choice(1, null) + choice(1, 'stop') + choice(0, 'length'),
      choice(0, null) + choice(1, null) + choice(1, 'stop') + choice(0, 'length'),
    ],
    ['whose [DONE] has no blank line', `${opens('x')}${STOP}data: [DONE]`, opens('x') + STOP],
    ['whose [DONE] is in small letters', `${opens('x')}${STOP}data: [done]\n\n`, opens('x') + STOP],
    ['whose [DONE] has a space', `${opens('x')}${STOP}data: [DONE] \n\n`, opens('x') + STOP],
    ['whose last chunk has no blank line', opens('x') + STOP.trim(), opens('x') + STOP],
    [
      'that breaks off after its finish_reason',
      opens('x') + STOP + half(says('y')),
      opens('x') + STOP,
    ],
    ['that goes on after [DONE]', opens('x') + STOP + DONE + says('y'), opens('x') + STOP],
    ['with [DONE] and no finish_reason', opens('x') + DONE, opens('x')],
  ])('%s', async (_what, sent, expected) => {
    expect(await relayed(sent)).toBe(expected + DONE)
  })
})

describe('a stream is broken', () => {
  test.each([
    ['that ends without finish_reason', opens('x'), opens('x')],
    [
      'of two choices of which one has no finish_reason',
      choice(0, null) + choice(1, null) + choice(1, 'stop'),
      choice(0, null) + choice(1, null) + choice(1, 'stop'),
    ],
    ['that breaks off inside an event', opens('x') + half(STOP), opens('x')],
    ['with [DONE] and no choice', FILTERED + DONE, FILTERED],
  ])('%s: its client gets a typed error and no [DONE]', async (_what, sent, expected) => {
    const text = await relayed(sent)
    expect(text.startsWith(expected)).toBe(true)
    const last = JSON.parse(text.slice(expected.length).replace(/^data: /, ''))
    expect(last.error).toMatchObject({ code: 'upstream_incomplete', type: 'server_error' })
    expect(text).not.toContain('[DONE]')
    expect(text.endsWith('}\n\n')).toBe(true)
  })
})

test('a stream of usage alone is a 502, and is not charged', async () => {
  answer = (response) => response.end(USAGE_EVENT + DONE)
  const { status, headers } = await ask(proxy, customer.key, ASK_STREAM)
  expect(status).toBe(502)
  const record = await proxy.settled(headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
})

test('an upstream that keeps its socket open after [DONE] keeps no client waiting', async () => {
  answer = (response) => response.write(opens('x') + STOP + DONE)
  const client = watch(proxy, customer.key, ASK_STREAM)
  await client.end()
  expect(client.body()).toBe(opens('x') + STOP + DONE)
  await eventually(() => upstream.seen.at(-1)?.gone || undefined)
  const id = client.head()?.headers['x-request-id'] as string
  expect(await proxy.settled(id)).toMatchObject({ outcome: 'completed', error: null })
})

test('an upstream that never stops after [DONE] is stopped', async () => {
  answer = (response) => {
    response.write(opens('x') + STOP + DONE)
    const timer = setInterval(() => response.write(says('y')), 5)
    response.once('close', () => clearInterval(timer))
  }
  const client = watch(proxy, customer.key, ASK_STREAM)
  await client.end()
  expect(client.body()).toBe(opens('x') + STOP + DONE)
  await eventually(() => upstream.seen.at(-1)?.gone || undefined)
})

test('a usage chunk that was asked for comes right before [DONE], sent by the upstream or not', async () => {
  const more = { stream_options: { include_usage: true } }
  const text = await relayed(opens('four') + STOP, more)
  expect(text.startsWith(opens('four') + STOP)).toBe(true)
  expect(text.endsWith(DONE)).toBe(true)
  const usage = text.slice((opens('four') + STOP).length, -DONE.length)
  expect(JSON.parse(usage.replace(/^data: /, ''))).toEqual({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })
})
