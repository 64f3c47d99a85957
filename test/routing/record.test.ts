import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ask, LOOPBACK, putModel, putProvider, say } from './setup.ts'

let acme: Sandbox
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
  await putProvider(proxy, 'acme', acme)
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

const route = (upstream_model: string) =>
  putModel(proxy, 'fast', [{ provider: 'acme', upstream_model }])

const facts = (upstream_model: string) => ({
  model: 'fast',
  provider: 'acme',
  base_url: acme.url,
  upstream_model,
})

test.for([true, false])(
  'the record and the log of a routed request name what served it (stream: %s)',
  async (stream) => {
    await route('large')
    const { id } = await ask(proxy, customer.key, say('fast', { stream }), {})
    const record = await proxy.settled(id)
    expect(record).toMatchObject({ ...facts('large'), status: 200, outcome: 'completed' })
    const { provider, base_url } = facts('large')
    expect(record.attempts).toMatchObject([{ provider, base_url, status: 200, error_code: null }])
    expect(await proxy.logOf(id)).toMatchObject({ ...facts('large'), attempts: 1 })
  },
)

test('the record of a routed request that fails names what failed', async () => {
  await route('sandbox-error-500')
  const { id, status, text } = await ask(proxy, customer.key, say('fast'), {})
  expect(status).toBeGreaterThanOrEqual(500)
  expect(text).not.toContain('sandbox-error-500')
  const record = await proxy.settled(id)
  expect(record).toMatchObject({ ...facts('sandbox-error-500'), charged: '0' })
  expect(record.attempts.at(-1)).toMatchObject({ provider: 'acme', status: 500 })
})

test('a routed request that runs tells what serves it', async () => {
  await route('large')
  acme.hold()
  const answer = ask(proxy, customer.key, say('fast'), {})
  await eventually(() => acme.waiting() === 1 || undefined)
  const { body } = await proxy.admin('GET', '/requests?limit=1')
  const [row] = await proxy.sql<{ id: string }[]>`select id from holds`
  const running = await proxy.admin('GET', `/requests/${row?.id}`)
  expect(running.body).toMatchObject({ state: 'running', ...facts('large') })
  expect(body.data.map((one: { id: string }) => one.id)).not.toContain(row?.id)
  acme.release()
  expect((await answer).id).toBe(row?.id)
})

test('a route that changes leaves the request that runs alone', async () => {
  await route('before')
  acme.hold()
  const answer = ask(proxy, customer.key, say('fast'), { acme })
  await eventually(() => acme.waiting() === 1 || undefined)
  await putModel(proxy, 'fast', [])
  acme.release()
  const { id, status, asked, text } = await answer
  expect([status, asked]).toEqual([200, ['acme']])
  expect(JSON.parse(text).model).toBe('fast')
  expect(await proxy.settled(id)).toMatchObject(facts('before'))
})
