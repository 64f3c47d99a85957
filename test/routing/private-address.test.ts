import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK, putModel, putProvider, say } from './setup.ts'

let acme: Sandbox
let open: Tollkeeper
/** An instance on the same database that allows no address beyond the public ones. */
let strict: Tollkeeper
let customer: Customer
beforeAll(async () => {
  acme = await startSandbox()
  open = await startProxy({ env: LOOPBACK })
  strict = await startProxy({ databaseUrl: open.databaseUrl, sandbox: open.sandbox })
  customer = await open.customer('1000')
})
afterAll(async () => {
  await strict.close()
  await open.close()
  await acme.close()
})

/** Sends a request that can not be served; checks that it cost nothing. @returns its record */
async function refused(model: string, more: object) {
  await putModel(strict, model, [{ provider: model }])
  const response = await strict.chat(customer.key, say(model, more))
  const text = await response.text()
  expect(response.status, text).toBe(502)
  const record = await strict.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ status: 502, charged: '0', uncollected: '0', provider: model })
  const account = await strict.admin('GET', `/accounts/${customer.accountId}`)
  expect(account.body).toMatchObject({ posted: '1000', held: '0' })
  return { record, error: JSON.parse(text).error, headers: response.headers }
}

test.for([true, false])(
  'a provider at an address that is not allowed is never connected to (stream: %s)',
  async (stream) => {
    await putProvider(open, 'private', acme)
    const { record, error, headers } = await refused('private', { stream })
    expect(error).toMatchObject({ code: 'upstream_misconfigured', type: 'server_error' })
    expect(error.message).not.toContain('127.0.0.1')
    expect(headers.get('x-should-retry')).toBe('false')
    expect(record).toMatchObject({ base_url: acme.url, stage: 'upstream' })
    expect(record.error.code).toBe('upstream_misconfigured')
    const [cause] = record.error.causes
    expect(cause).toContain(new URL(acme.url).origin)
    expect(cause).toMatch(/may not be an upstream/)
    expect(acme.calls.size).toBe(0)
  },
)

test('where its address is allowed the same provider serves', async () => {
  await putProvider(open, 'private', acme)
  await putModel(open, 'private', [{ provider: 'private' }])
  const { key } = await open.customer('1000')
  const response = await open.chat(key, say('private'))
  expect(response.status, await response.text()).toBe(200)
  expect(acme.calls.size).toBe(1)
})

test.for([true, false])(
  'a provider whose name leads to such an address is never connected to (stream: %s)',
  async (stream) => {
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    await putProvider(open, 'named', { url: `http://localhost:${port}/v1` })
    const { record, error } = await refused('named', { stream })
    expect(error.message).not.toContain('localhost')
    expect(record.error.causes.join()).toMatch(/localhost.*may not be an upstream/)
    expect(connections).toBe(0)
    server.close()
  },
)

test('where the address of its name is allowed the provider serves', async () => {
  const { port } = new URL(acme.url)
  await putProvider(open, 'named-open', { url: `http://localhost:${port}/v1` })
  await putModel(open, 'named-open', [{ provider: 'named-open' }])
  const { key } = await open.customer('1000')
  const response = await open.chat(key, say('named-open'))
  expect(response.status, await response.text()).toBe(200)
})

test('the environment may lead to any address, and its provider keeps serving', async () => {
  const { key } = await strict.customer('1000')
  const response = await strict.chat(key, say('sandbox-echo'))
  expect(response.status, await response.text()).toBe(200)
  expect(new URL(strict.sandbox.url).hostname).toBe('127.0.0.1')
})
