import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { cliOf } from '../cli/tollkeeper.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { putModel } from '../routing/setup.ts'

const KEY = 'canary-provider-key-0123456789'
const [A, B, C] = ['canary-secret-key-a', 'canary-secret-key-b', 'canary-secret-key-c'] as const

let upstream: Sandbox
let proxy: Tollkeeper
/** Made while A was the secret. */
let oldest: Customer
const proxies: Tollkeeper[] = []
beforeAll(async () => {
  upstream = await startSandbox()
  proxy = await startProxy({ env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8', SECRET_KEY: A } })
  proxies.push(proxy)
  const base_url = upstream.url
  await proxy.admin('PUT', '/providers/acme', { base_url, api_key: KEY })
  await proxy.admin('PUT', '/providers/bare', { base_url })
  await putModel(proxy, 'routed', [{ provider: 'acme' }])
  oldest = await proxy.customer('1000')
})
afterAll(async () => {
  for (const one of proxies.toReversed()) await one.close()
  await upstream.close()
})

/** An instance on the same database, with another SECRET_KEY. */
async function startWith(...secrets: string[]): Promise<Tollkeeper> {
  const env = { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8', SECRET_KEY: secrets.join() }
  const { databaseUrl, sandbox } = proxy
  const started = await startProxy({ databaseUrl, sandbox, env })
  proxies.push(started)
  return started
}

const body = { model: 'routed', messages: [{ role: 'user', content: 'Hello' }] }

/** Asks under an Idempotency-Key. @returns status, text, and the key that the upstream was sent */
async function ask(through: Tollkeeper, { key }: Customer, name: string) {
  const response = await fetch(`${through.url}/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': name,
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  const id = response.headers.get('x-request-id') as string
  return { status: response.status, text, sent: upstream.calls.get(id)?.authorization }
}

const reseal = async (through: Tollkeeper) =>
  (await through.admin('POST', '/providers/reseal', {})).body

const good = { status: 200, sent: `Bearer ${KEY}` }

test('after a rotation of SECRET_KEY, by its recipe, all that was made before works', async () => {
  const first = await ask(proxy, oldest, 'kept-1')
  expect(first).toMatchObject(good)

  const both = await startWith(B, A)
  const middle = await both.customer('1000')
  expect(await ask(both, oldest, 'kept-2')).toMatchObject(good)
  const done = { resealed: 1, current: 0, unreadable: [], secrets_kept: 1 }
  expect(await reseal(both)).toEqual(done)
  expect(await reseal(both)).toEqual({ ...done, resealed: 0, current: 1 })

  const after = await startWith(B)
  expect(await ask(after, oldest, 'new-1')).toMatchObject(good)
  expect(await ask(after, middle, 'new-2')).toMatchObject(good)
  const calls = upstream.calls.size
  expect(await ask(after, oldest, 'kept-1')).toEqual({ ...first, sent: undefined })
  expect((await ask(after, oldest, 'kept-2')).status).toBe(200)
  expect(upstream.calls.size).toBe(calls) // both were kept, and not asked again
})

test('a second rotation keeps what the first one kept', async () => {
  const both = await startWith(C, B)
  const late = await both.customer('1000')
  expect(await ask(both, oldest, 'second-1')).toMatchObject(good)
  expect(await reseal(both)).toEqual({ resealed: 1, current: 0, unreadable: [], secrets_kept: 2 })
  const after = await startWith(C)
  const calls = upstream.calls.size
  expect((await ask(after, oldest, 'second-1')).status).toBe(200)
  expect(upstream.calls.size).toBe(calls)
  expect(await ask(after, oldest, 'second-2')).toMatchObject(good)
  expect(await ask(after, late, 'second-3')).toMatchObject(good)
  expect(await reseal(after)).toMatchObject({ resealed: 0, current: 1, secrets_kept: 2 })
})

test('a key that no secret opens is told of by the name of its provider, and left alone', async () => {
  await proxy.sql`insert into providers (name, base_url, api_key)
    values ('lost', ${upstream.url}, 'sealed by nobody knows what')`
  const current = await startWith(C)
  expect(await reseal(current)).toMatchObject({ current: 1, unreadable: ['lost'] })
  const [row] = await proxy.sql`select api_key from providers where name = 'lost'`
  expect(row?.api_key.toString()).toBe('sealed by nobody knows what')
  const said = await cliOf(current).text('provider reseal')
  expect(said).toContain('No secret opens the key of lost')
  expect(said).toMatch(/^Provider keys: 0 encrypted anew, 1 already/)
})

test('no secret and no key is in clear in the database, or in what is told', async () => {
  const rows = await proxy.sql`select sealed from retired_secrets`
  const keys = await proxy.sql`select api_key as sealed from providers where api_key is not null`
  expect(rows).toHaveLength(2)
  for (const { sealed } of [...rows, ...keys]) expect(sealed.includes('canary')).toBe(false)
})

test('an instance without the secret of before says so, and serves what it can', async () => {
  const stranger = await startWith('canary-secret-key-of-a-stranger')
  expect(stranger.logs.find(({ unreadable }) => unreadable === 2)?.msg).toMatch(/SECRET_KEY/)
  expect((await ask(stranger, oldest, 'stranger-1')).status).toBe(401)
  const own = await stranger.customer('1000')
  const chat = await stranger.chat(own.key, { ...body, model: 'sandbox-echo' })
  expect(chat.status).toBe(200)
})
