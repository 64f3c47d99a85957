import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../harness/free-port.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { about, examine, KEY, quirksOf, startHospital } from './patient.ts'
import { startScripted } from './scripted.ts'

let guarded: Tollkeeper
beforeAll(async () => {
  guarded = await startProxy()
})
afterAll(() => guarded.close())

test.each([
  'http://127.0.0.1:9/v1',
  'http://10.0.0.1/v1',
  'http://169.254.169.254/v1',
  'http://[::1]/v1',
  'ftp://h.example/v1',
  'https://user:password@h.example/v1',
])('%s is refused as it would be by a provider', async (base_url) => {
  const refused = await guarded.admin('POST', '/doctor', { base_url, model: 'a-model' })
  const atSave = await guarded.admin('PUT', '/providers/p', { base_url })
  expect(refused.status).toBe(400)
  expect(refused.body).toEqual(atSave.body)
})

test('a name that leads to a private address is not called, and that is told', async () => {
  const upstream = await startScripted((_req, res) => res.end())
  const base_url = `http://localhost:${upstream.port}/v1`
  await guarded.sql`insert into providers (name, base_url) values ('named', ${base_url})`
  const diagnosis = await examine(guarded, { provider: 'named', model: 'a-model' })
  expect(quirksOf(diagnosis)).toEqual(['address-refused'])
  expect(diagnosis).toMatchObject({ verdict: 'fault', usable: false, base_url: null })
  expect(upstream.seen).toEqual([])
  await upstream.close()
})

test('a redirect to another host is not followed, and the key does not go there', async () => {
  const other = await startScripted((_req, res) => res.end())
  const location = `http://localhost:${other.port}/v1/chat/completions`
  const upstream = await startScripted((_req, res) => res.writeHead(307, { location }).end())
  const proxy = await startHospital()
  const diagnosis = await examine(proxy, { base_url: upstream.url, api_key: KEY, model: 'm' })
  expect(quirksOf(diagnosis)).toEqual(['redirect'])
  expect(about(diagnosis, 'base_url').seen).toContain(location)
  expect(other.seen).toEqual([])
  await Promise.all([proxy.close(), other.close(), upstream.close()])
})

test('an address where nobody answers is told with the reason', async () => {
  const base_url = `http://127.0.0.1:${await freePort()}/v1`
  const proxy = await startHospital()
  const diagnosis = await examine(proxy, { base_url, model: 'm' })
  expect(quirksOf(diagnosis)).toEqual(['unreachable'])
  expect(about(diagnosis, 'base_url').seen).toContain('ECONNREFUSED')
  expect(diagnosis.calls).toBe(1)
  await proxy.close()
})

test('one of a base URL and a provider has to be named', async () => {
  for (const body of [{}, { base_url: 'https://h.example/v1', provider: 'openai' }]) {
    const { status, body: refusal } = await guarded.admin('POST', '/doctor', body)
    expect([status, refusal.error.param]).toEqual([400, 'base_url'])
  }
  const unknown = await guarded.admin('POST', '/doctor', { provider: 'nobody' })
  expect([unknown.status, unknown.body.error.code]).toEqual([404, 'not_found'])
})
