import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { CARDS } from '../../src/sandbox/cards/cards.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { post, until } from './client.ts'

const sandbox = await startSandbox()
const root = new URL(sandbox.url).origin
afterAll(() => sandbox.close())

async function json(path: string, method = 'GET'): Promise<Record<string, unknown>> {
  return (await (await fetch(root + path, { method })).json()) as Record<string, unknown>
}

test('the models are the cards, each with a sentence', async () => {
  for (const path of ['/v1/models', '/models']) {
    const { data } = (await json(path)) as { data: { id: string; description: string }[] }
    expect(data.map((model) => model.id)).toEqual(Object.keys(CARDS))
    expect(data.every((model) => /^[A-Z].+\.$/.test(model.description))).toBe(true)
  }
  expect(await json('/v1/models/sandbox%2Decho')).toMatchObject({
    id: 'sandbox-echo',
    object: 'model',
    created: expect.any(Number),
    owned_by: expect.any(String),
  })
})

test('chat is served with and without /v1', async () => {
  const body = '{"model":"m","messages":[]}'
  for (const path of ['/v1/chat/completions?x=1', '/chat/completions']) {
    expect((await fetch(root + path, { method: 'POST', body })).status).toBe(200)
  }
})

test.each([
  ['GET', '/v1/nothing', 404, 'unknown_url'],
  ['GET', '/v1/models/', 404, 'unknown_url'],
  ['GET', '/v1/models/nobody', 404, 'model_not_found'],
  ['GET', '/v1/models/%zz', 400, null],
  ['GET', '/sandbox/calls/nobody', 404, 'call_not_found'],
  ['GET', '/v1/chat/completions', 405, 'method_not_supported'],
])('%s %s is %i %s in OpenAI shape', async (method, path, status, code) => {
  const response = await fetch(root + path, { method })
  expect(response.status).toBe(status)
  const { error } = (await response.json()) as { error: object }
  expect(error).toMatchObject({ message: expect.any(String), type: 'invalid_request_error', code })
})

test('a compressed body is a 415, one of 64 MiB and a byte a 413', async () => {
  const url = `${sandbox.url}/chat/completions`
  const zipped = { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: gzipSync('{}') }
  expect((await fetch(url, zipped)).status).toBe(415)
  const huge = await fetch(url, { method: 'POST', body: Buffer.alloc(67_108_865, ' ') })
  expect(huge.status).toBe(413)
  expect(await huge.json()).toMatchObject({ error: { code: 'request_too_large' } })
})

test('the ledger is read, and calls are held and released, over HTTP', async () => {
  await json('/sandbox/calls', 'DELETE')
  await json('/sandbox/hold', 'POST')
  const call = post(sandbox, { model: 'm' }, { 'x-request-id': 'a b' })
  await until(() => sandbox.waiting() === 1)
  expect(await json('/sandbox')).toEqual({ open: 1, waiting: 1, held: true, calls: 1 })
  await json('/sandbox/release', 'POST')
  await (await call).text()
  await until(() => sandbox.open() === 0)
  const { data } = (await json('/sandbox/calls')) as { data: object[] }
  expect(data).toEqual([expect.objectContaining({ id: 'a b', finished: true, promptTokens: 3 })])
  expect(data[0]).not.toHaveProperty('body')
  const whole = await json('/sandbox/calls/a%20b')
  expect(whole).toMatchObject({ id: 'a b', body: expect.stringContaining('"m"'), headers: {} })
})

test('a long ledger is listed whole', async () => {
  sandbox.clear()
  await Promise.all(Array.from({ length: 600 }, () => post(sandbox, { model: 'm' })))
  const { data } = (await json('/sandbox/calls')) as { data: object[] }
  expect(data).toHaveLength(600)
})

test('it runs alone, prints its URL as one line and stops on SIGTERM', async () => {
  const main = new URL('../../src/sandbox/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  expect(line.toString()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\n$/)
  expect((await fetch(`${line.toString().trim()}/models`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
