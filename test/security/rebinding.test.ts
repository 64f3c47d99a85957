import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { putModel, say } from '../routing/setup.ts'
import { Names, PUBLIC } from './names.ts'

/** Stands for the public network; 127.0.0.1 and all else of 127.0.0.0/8 stays private. */
const ALLOWED = '127.0.0.2'
const PRIVATE = '127.0.0.1'

const names = new Names()
/** The addresses at which a listener on all of them was connected to. */
const reached: (string | undefined)[] = []
const server = createServer((request, response) => {
  reached.push(request.socket.localAddress)
  response.writeHead(200, { 'content-type': 'application/json', connection: 'close' })
  response.end('{"choices":[{}]}')
})

let proxy: Tollkeeper
let customer: Customer
let port: number
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  port = (server.address() as AddressInfo).port
  const env = { UPSTREAM_ALLOW_CIDRS: `${ALLOWED}/32` }
  proxy = await startProxy({ env, resolver: names.resolver })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  server.close()
})

/** Saves a provider under a name while that leads to these addresses. */
async function saved(name: string, ...addresses: string[]): Promise<void> {
  names.set(`${name}.test`, addresses)
  const base_url = `http://${name}.test:${port}/v1`
  expect((await proxy.admin('PUT', `/providers/${name}`, { base_url })).status).toBe(200)
  await putModel(proxy, name, [{ provider: name }])
}

/** Calls the model. @returns the status, and the addresses that were connected to */
async function call(model: string, stream = false) {
  reached.length = 0
  const response = await proxy.chat(customer.key, say(model, { stream }))
  await response.text()
  return { status: response.status, reached: [...reached] }
}

test.for([true, false])(
  'a name that was public when it was saved, and is private now, is not connected to (stream: %s)',
  async (stream) => {
    await saved('moved', PUBLIC)
    names.set('moved.test', [PRIVATE])
    expect(await call('moved', stream)).toEqual({ status: 502, reached: [] })
  },
)

test('of two addresses of a name only the allowed one is connected to', async () => {
  await saved('mixed', ALLOWED)
  names.set('mixed.test', [PRIVATE, ALLOWED, '::1', '10.0.0.1'])
  expect(await call('mixed')).toEqual({ status: 200, reached: [ALLOWED] })
})

test('a name is not connected to where all of its addresses are private', async () => {
  await saved('many', ALLOWED)
  names.set('many.test', [PRIVATE, '::1', '::ffff:127.0.0.1', '169.254.169.254'])
  expect(await call('many')).toEqual({ status: 502, reached: [] })
})

test('what a chain of names ends at is judged', async () => {
  await saved('alias', ALLOWED)
  names.set('alias.test', ['169.254.169.254']) // resolvers tell the addresses at the end only
  expect(await call('alias')).toEqual({ status: 502, reached: [] })
})

test('a name that changes with every answer is judged at every connection', async () => {
  await saved('flipping', ALLOWED)
  const turns = Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? [PRIVATE] : [ALLOWED]))
  names.set('flipping.test', ...turns)
  const seen = new Set<string | undefined>()
  for (let at = 0; at < 6; at += 1) {
    const { reached } = await call('flipping')
    for (const address of reached) seen.add(address)
  }
  expect([...seen]).toEqual([ALLOWED])
})

test('the provider of the environment may be private, but no metadata service', async () => {
  names.set('env.test', [PRIVATE])
  const env = { OPENAI_BASE_URL: `http://env.test:${port}/v1` }
  const trusting = await startProxy({ env, resolver: names.resolver })
  const { key } = await trusting.customer('1000')
  expect((await trusting.chat(key, say('m'))).status).toBe(200)
  names.set('env.test', ['169.254.169.254'])
  const response = await trusting.chat(key, say('m'))
  const { error } = JSON.parse(await response.text())
  expect([response.status, error.code]).toEqual([502, 'upstream_misconfigured'])
  await trusting.close()
})
