import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { badOf, startLoad } from './load.ts'
import { hasNginx } from './nginx.ts'
import { ask, type Pair, portOf, post, startPair } from './pair.ts'

const STREAMS = 20

describe.runIf(hasNginx())('a reload of nginx', () => {
  let pair: Pair
  let key: string
  beforeAll(async () => {
    pair = await startPair()
    key = (await pair.instances[0].customer('100000')).key
  })
  afterAll(() => pair.close())

  test('under load breaks no stream, and takes an instance out', async () => {
    const [out, stays] = pair.instances
    const load = startLoad(pair.url, key, 8)
    const sandbox = { reply_chars: 120, delay_ms: 100 } // 3 s
    const streams = Array.from({ length: STREAMS }, () =>
      post(pair.url, key, ask('sandbox-echo', true, sandbox)),
    )
    await eventually(() => streams.every(({ pieces }) => pieces.length > 0) || undefined)
    await pair.nginx.reload([portOf(stays), portOf(stays)])
    await eventually(() => out.sandbox.open() > 0 || undefined)
    const answers = await Promise.all(streams.map(({ answer }) => answer))
    await load.stop()

    expect(badOf(answers)).toEqual([])
    expect([load.broken, badOf(load.answers)]).toEqual([[], []])
    const late = await post(pair.url, key, ask('sandbox-echo', false)).answer
    expect(late.status).toBe(200)
    const id = late.headers['x-request-id'] as string
    await stays.logOf(id)
    expect(out.logs.filter(({ request_id }) => request_id === id)).toEqual([])
  })
})
