import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test('a process that drains is healthy, and not ready for more', async () => {
  const look = (path: string) => fetch(`${proxy.origin}${path}`)
  expect((await look('/readyz')).status).toBe(200)
  await proxy.app.drain(0)
  expect((await look('/healthz')).status).toBe(200)
  const notReady = await look('/readyz')
  expect(notReady.status).toBe(503)
  expect(await notReady.json()).toMatchObject({ error: { code: 'shutting_down' } })
})
