import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ask, LOOPBACK, putModel, putProvider, say } from './setup.ts'

const NAMES = ['acme', 'beta', 'gamma']

let proxy: Tollkeeper
let customer: Customer
const upstreams: Record<string, Sandbox> = {}
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  for (const name of NAMES) {
    upstreams[name] = await startSandbox()
    await putProvider(proxy, name, upstreams[name])
  }
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  for (const upstream of Object.values(upstreams)) await upstream.close()
})

const providerOf = async (model: string, more: object) => {
  const { status, asked } = await ask(proxy, customer.key, say(model, more), upstreams)
  expect(status).toBe(200)
  return asked.join()
}

test('while a route is busy with a request the others go where there is less to do', async () => {
  const acme = upstreams.acme as Sandbox
  await putModel(proxy, 'even', [{ provider: 'acme' }, { provider: 'beta' }])
  acme.hold()
  const held: Promise<string>[] = []
  while (acme.waiting() === 0) {
    const sent = providerOf('even', {})
    held.push(sent)
    await Promise.race([sent, eventually(() => acme.waiting() === 1 || undefined)])
  }
  for (let at = 0; at < 30; at += 1) expect(await providerOf('even', {})).toBe('beta')
  acme.release()
  expect(await Promise.all(held)).toContain('acme')
})

const putSticky = () =>
  putModel(
    proxy,
    'sticky',
    NAMES.map((provider) => ({ provider })),
  )

test.for(['prompt_cache_key', 'user'])(
  'requests with the same %s keep to one route, and keys share the routes',
  async (field) => {
    await putSticky()
    const homes = new Set<string>()
    // which key is at home where depends on the ports: all have one within 100 but for 1 in 10^17
    for (let at = 0; at < 12 || (at < 100 && homes.size < NAMES.length); at += 1) {
      const sent = [1, 2, 3].map(() => providerOf('sticky', { [field]: `key-${at}` }))
      const [home, ...others] = await Promise.all(sent)
      expect(others).toEqual([home, home])
      homes.add(home as string)
    }
    expect([...homes].sort()).toEqual(NAMES)
  },
)

test('a prompt_cache_key counts before a user, and both reach the upstream untouched', async () => {
  await putSticky()
  const keyed = await providerOf('sticky', { prompt_cache_key: 'the key' })
  for (let at = 0; at < 6; at += 1) {
    expect(await providerOf('sticky', { prompt_cache_key: 'the key', user: `u-${at}` })).toBe(keyed)
  }
  const [call] = [...(upstreams[keyed] as Sandbox).calls.values()].slice(-1)
  expect(JSON.parse(call?.body ?? '')).toMatchObject({ prompt_cache_key: 'the key', user: 'u-5' })
})
