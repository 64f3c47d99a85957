import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import {
  answerWhole,
  DONE,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
  USAGE_EVENT,
} from '../relay/upstream.ts'
import { readStream } from './read-stream.ts'
import { setModel } from './setup.ts'

const MODEL = 'free-prompts'
const SLICE = 50

let upstream: Upstream
let proxy: Tollkeeper
let running: ServerResponse | undefined
let rival: ServerResponse | undefined
beforeAll(async () => {
  upstream = await startUpstream((response, { body }) => {
    if (JSON.parse(body.toString()).stream) running = openStream(response)
    else rival = response
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  await setModel(proxy, MODEL, { input: '0', output: '10', sliceTokens: SLICE })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** Words, each of which is a token and a chunk. */
const words = (count: number) => says('word').repeat(count)

test('credits that another request gives back in time keep a stream going', async () => {
  const { key } = await proxy.customer('1.1') // 110 tokens: a slice, and the rival takes the rest
  const request = { model: MODEL, messages: [{ role: 'user', content: 'Hello there' }] }
  const streaming = proxy.chat(key, { ...request, stream: true })
  await eventually(() => running)
  const rivalling = proxy.chat(key, { ...request, max_tokens: 1_000 })
  await eventually(() => rival)

  running?.write(opens('word') + words(SLICE - 6))
  const delivered = () =>
    [...proxy.app.door.open()].map(({ request }) => request.exchange?.delivered?.chunkCount)
  await eventually(() => delivered().includes(SLICE - 5))
  await proxy.app.database.extend.idle() // the next slice has been refused
  answerWhole(rival as ServerResponse)
  const rivalled = await rivalling
  expect(rivalled.headers.get('x-tollkeeper-max-tokens')).toBe('60')
  await proxy.settled(rivalled.headers.get('x-request-id') as string)

  running?.end(words(10) + says('', 'stop') + USAGE_EVENT + DONE)
  const seen = await readStream(await streaming)
  expect(seen.kinds).toEqual(['text', 'finish', 'done'])
  expect(seen.text).toHaveLength((SLICE + 5) * 4)
})
