import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { answerAsAsked, answerWhole, startUpstream, type Upstream } from '../relay/upstream.ts'
import { newKey, sendOnce, sendUntilFree, spentBy } from './setup.ts'

/** The first call: it is answered when the test says so. */
let pending: ServerResponse | null = null
let upstream: Upstream
let fenced: Tollkeeper
let other: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response, request) => {
    if (upstream.seen.length > 1) return answerAsAsked(response, request)
    pending = response
  })
  const env = { OPENAI_BASE_URL: upstream.origin }
  fenced = await startProxy({ env })
  other = await startProxy({ env, databaseUrl: fenced.databaseUrl, sandbox: fenced.sandbox })
})
afterAll(async () => {
  await other.close()
  await fenced.close()
  await upstream.close()
})

test('a request that was taken for dead, and sent again under its key, is not charged when it ends after all', async () => {
  const { key: apiKey } = await fenced.customer('1000')
  const key = newKey()
  const body = { model: 'any', messages: [{ role: 'user', content: 'Hi' }] }
  const late = sendOnce(fenced, apiKey, key, body)
  await eventually(() => pending ?? undefined)
  const dead = fenced.app.database.instanceId()
  await fenced.sql`update instances set state = 'dead' where id = ${dead}`

  const answer = await sendUntilFree(other, apiKey, key, body)
  expect([answer.status, answer.replayOf]).toEqual([200, null])
  const { charged } = await other.settled(answer.requestId)
  expect(Number(charged)).toBeGreaterThan(0)

  answerWhole(pending as unknown as ServerResponse, 'Late')
  const first = await late
  expect(first.status).toBe(200)
  await fenced.logOf(first.requestId)
  await fenced.app.database.settlements.idle()
  expect(await fenced.settled(first.requestId)).toMatchObject({ outcome: 'crashed', charged: '0' })
  expect(await spentBy(fenced, apiKey)).toBe(charged)
  const replay = await sendUntilFree(fenced, apiKey, key, body)
  expect(replay.replayOf).toBe(answer.requestId)
  expect(replay.body.equals(answer.body)).toBe(true)
})
