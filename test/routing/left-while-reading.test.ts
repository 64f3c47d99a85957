import { request } from 'node:http'
import { brotliCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK, putModel, putProvider, say } from './setup.ts'

/** Characters that take long to inflate, and hardly a byte on the wire. */
const CHARACTERS = 16 * 1024 * 1024

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  await putProvider(proxy, 'here', proxy.sandbox)
  await putModel(proxy, 'routed', [{ provider: 'here', upstream_model: 'sandbox-echo' }])
})
afterAll(() => proxy.close())

const entered = (stage: string) =>
  eventually(() => proxy.logs.find((line) => line.msg === 'stage' && line.stage === stage))

test('a client that leaves while its body is inflated keeps no place on a route', async () => {
  const { key } = await proxy.customer('1000')
  const body = brotliCompressSync(JSON.stringify(say('routed', { user: 'u'.repeat(CHARACTERS) })))
  const headers = { authorization: `Bearer ${key}`, 'content-encoding': 'br' }
  const client = request(`${proxy.url}/chat/completions`, { method: 'POST', headers })
  client.on('error', () => {}).end(body)
  await entered('body')
  client.destroy()
  const { request_id: id } = await entered('tier')
  expect(await proxy.logOf(String(id))).toMatchObject({ status: 499, outcome: 'client_gone' })
  const states = [...proxy.app.routeStates.all()]
  expect(states.filter(({ inFlight }) => inFlight > 0)).toEqual([])
  expect(proxy.sandbox.calls.has(String(id))).toBe(false)
})
