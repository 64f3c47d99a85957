import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { putTier, request, send } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const REQUESTS = 12

/** Sends requests each as soon as the answer before it was read. @returns their statuses */
async function oneAfterAnother(key: string, body: ReturnType<typeof request>): Promise<number[]> {
  const statuses: number[] = []
  while (statuses.length < REQUESTS) statuses.push((await send(proxy, key, body)).status)
  return statuses
}

const ALL_SERVED = Array(REQUESTS).fill(200)

test.for([true, false])('one request at a time is one at a time (stream: %s)', async (stream) => {
  await putTier([proxy], 'alone', { concurrency: 1 })
  const { key } = await proxy.customer('1000', { tier: 'alone' })
  expect(await oneAfterAnother(key, request({ stream }))).toEqual(ALL_SERVED)
})

test('tokens that an ended request has not used are there for the next', async () => {
  await putTier([proxy], 'frugal', { tokens_per_minute: 1_000 })
  const { key } = await proxy.customer('1000', { tier: 'frugal' })
  expect(await oneAfterAnother(key, request({ max_tokens: 900 }))).toEqual(ALL_SERVED)
})

test('credits that an ended request has not used are there for the next', async () => {
  const { key } = await proxy.customer('10')
  expect(await oneAfterAnother(key, request({ stream: true, max_tokens: 800 }))).toEqual(ALL_SERVED)
})
