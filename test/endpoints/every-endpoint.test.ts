import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectRefusal } from './refusal.ts'
import { run, send } from './run.ts'
import { KINDS, SAMPLES } from './samples.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

/** What an upstream's own status is for the client. */
const STATUSES: [card: string, status: number, code: string][] = [
  ['sandbox-error-400', 400, 'upstream_rejected'],
  ['sandbox-error-401', 502, 'upstream_misconfigured'],
  ['sandbox-error-422', 400, 'upstream_rejected'],
  ['sandbox-error-429', 429, 'rate_limit_exceeded'],
  ['sandbox-error-500', 502, 'upstream_error'],
  ['sandbox-html-error', 502, 'upstream_error'],
  ['sandbox-error-in-200', 502, 'upstream_error'],
]

describe.each(KINDS)('%s', (_, sample, stream) => {
  test.each(STATUSES)('answers %s with %i %s, and takes nothing', async (card, status, code) => {
    const answer = await run(proxy, sample.path, sample.ask(card, stream))
    expectRefusal(sample.path, answer, { status, code })
    expect(answer.record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
    expect(answer.account).toMatchObject({ posted: '1000', held: '0' })
  })

  test('is never an empty 200', async () => {
    const answer = await run(proxy, sample.path, sample.ask('sandbox-empty-200', stream))
    const code = stream ? 'upstream_incomplete' : 'upstream_error'
    expectRefusal(sample.path, answer, { status: 502, code })
    expect(answer.record).toMatchObject({ outcome: 'upstream_error', charged: '0' })
  })

  test('stops its upstream when the client leaves before the answer, and takes nothing', async () => {
    const { key, accountId } = await proxy.customer('1000')
    const client = new AbortController()
    const body = sample.ask('sandbox-hang', stream)
    const known = new Set(proxy.sandbox.calls.keys())
    void send(proxy, key, sample.path, body, { signal: client.signal }).catch(() => {})
    const id = await eventually(() =>
      [...proxy.sandbox.calls.keys()].find((one) => !known.has(one)),
    )
    client.abort()
    await eventually(() => proxy.sandbox.calls.get(id)?.closedByPeer || undefined)
    expect(await proxy.settled(id)).toMatchObject({ outcome: 'client_gone', charged: '0' })
    const { body: account } = await proxy.admin('GET', `/accounts/${accountId}`)
    expect(account).toMatchObject({ posted: '1000', held: '0' })
  })

  test('has its record under its own path, with all that it cost', async () => {
    const { record } = await run(proxy, sample.path, sample.ask('sandbox-echo', stream))
    expect(record).toMatchObject({ endpoint: `/v1${sample.path}`, model: 'sandbox-echo', stream })
    expect(record).toMatchObject({ state: expect.any(String), outcome: 'completed', status: 200 })
    const { isFree } = ENDPOINTS.find(({ path }) => path === sample.path) ?? {}
    expect(Number(record.charged) > 0).toBe(!isFree)
  })
})

describe.each(SAMPLES.map((sample) => [sample.path, sample] as const))('%s', (path, sample) => {
  test('names the model when there is none', async () => {
    const answer = await run(proxy, path, sample.ask('', false))
    const { message } = expectRefusal(path, answer, { status: 400, param: 'model' })
    expect(message).toContain('model')
    expect(answer.truth).toBeUndefined()
  })

  test('reads no body of another type', async () => {
    const { key } = await proxy.customer('100')
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/plain' }
    const response = await send(proxy, key, path, 'x', { headers })
    expect(response.status).toBe(415)
    expect(await response.text()).toContain('Send the body as')
  })

  test('exists for POST alone', async () => {
    const { key } = await proxy.customer('100')
    const headers = { authorization: `Bearer ${key}` }
    const response = await fetch(`${proxy.url}${path}`, { headers })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })
})

const JSON_SAMPLES = SAMPLES.filter(({ ask }) => !(ask('m', false) instanceof FormData))

describe.each(JSON_SAMPLES.map(({ path, ask }) => [path, ask] as const))('%s', (path, ask) => {
  const text = (stream: boolean) => JSON.stringify(ask('sandbox-echo', stream))

  test.each(['{', '[]', '"x"', '', '{"model":"sandbox-echo"'])(
    'refuses the body %j',
    async (body) => {
      const answer = await run(proxy, path, body)
      expectRefusal(path, answer, { status: 400, code: 'invalid_json' })
    },
  )

  test('refuses a model that is there twice', async () => {
    const body = text(false).replace('{', '{"model":"sandbox-no-usage",')
    const answer = await run(proxy, path, body)
    expectRefusal(path, answer, { status: 400, code: 'invalid_value', param: 'model' })
    expect(answer.truth).toBeUndefined()
  })

  test('sends on what it does not know, byte for byte', async () => {
    const body = text(false).replace('{', '{ "seed":9007199254740993, "x" : {"y":[1.0,1e-7]},')
    const { truth } = await run(proxy, path, body)
    expect(truth?.body).toBe(body)
  })
})
