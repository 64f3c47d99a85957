import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { about, baseOf, examine, KEY, quirksOf, startHospital } from './patient.ts'
import { sendJson, startScripted } from './scripted.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startHospital()
})
afterAll(() => proxy.close())

test('an upstream that wants a key, and is given none, is told apart from a wrong key', async () => {
  const diagnosis = await examine(proxy, { base_url: baseOf(proxy, 'api-key-header') })
  expect(quirksOf(diagnosis)).toEqual(['key-missing'])
  expect(diagnosis.usable).toBe(false)
})

test('a key that the upstream repeats stands neither in the answer nor in the log', async () => {
  const long = `${KEY}-${'x'.repeat(400)}`
  for (const apiKey of [KEY, long, 'k"\\y', 'k-y']) {
    const upstream = await startScripted((req, res) => {
      const given = req.headers.authorization ?? String(req.headers['api-key'])
      sendJson(res, 401, { error: { message: `Incorrect API key: ${given}, for sure.` } })
    })
    const diagnosis = await examine(proxy, { base_url: upstream.url, api_key: apiKey })
    expect(quirksOf(diagnosis)).toEqual(['key-refused'])
    const { seen } = about(diagnosis, 'key')
    expect(seen).toContain('***')
    expect(seen).not.toContain(apiKey)
    expect(JSON.stringify(diagnosis)).not.toContain(apiKey.slice(0, 20))
    expect(JSON.stringify(proxy.logs)).not.toContain(apiKey.slice(0, 20))
    await upstream.close()
  }
})

test('a key that is refused as a bad request is at fault, and not the model', async () => {
  const message = 'API key not valid. Please pass a valid API key.'
  const upstream = await startScripted((_req, res) =>
    sendJson(res, 400, [{ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }]),
  )
  const diagnosis = await examine(proxy, { base_url: upstream.url, api_key: KEY, model: 'm' })
  expect(quirksOf(diagnosis)).toEqual(['key-refused'])
  await upstream.close()
})

test('the key is tried in each header once, and then used in the one that works', async () => {
  const upstream = await startScripted((req, res, body) => {
    if (req.headers['x-api-key'] !== KEY) return sendJson(res, 403, { error: { message: 'no' } })
    if (body === '{}') return sendJson(res, 400, { error: { message: 'model is missing' } })
    sendJson(res, 404, { error: { message: 'no such model' } })
  })
  const diagnosis = await examine(proxy, { base_url: upstream.url, api_key: KEY, model: 'm' })
  expect(about(diagnosis, 'key').quirk).toBe('key-header')
  expect(diagnosis.profile.auth_header).toBe('x-api-key')
  expect(upstream.seen.filter(({ authorization }) => authorization)).toHaveLength(1)
  await upstream.close()
})

test('a provider is examined with the key that is stored, by its name', async () => {
  const base_url = baseOf(proxy, 'x-api-key-header')
  const profile = { auth_header: 'x-api-key' }
  await proxy.admin('PUT', '/providers/stored', { base_url, api_key: KEY, profile })
  const diagnosis = await examine(proxy, { provider: 'stored', model: 'a-model' })
  expect(quirksOf(diagnosis)).toEqual(['key-header'])
  expect(diagnosis).toMatchObject({ base_url, profile })
  expect(diagnosis.calls).toBe(8)
})

test('a provider that serves another API alone is not examined', async () => {
  const settings = { base_url: baseOf(proxy, 'none'), profile: { api: 'anthropic' } }
  await proxy.admin('PUT', '/providers/other', settings)
  const { status, body } = await proxy.admin('POST', '/doctor', { provider: 'other' })
  expect([status, body.error.param]).toEqual([400, 'provider'])
})

test('the provider of the environment is examined by its name, wherever it is', async () => {
  const diagnosis = await examine(proxy, { provider: 'openai' })
  expect(diagnosis).toMatchObject({
    verdict: 'ok',
    usable: true,
    base_url: proxy.sandbox.url,
    model: 'sandbox-echo',
  })
})
