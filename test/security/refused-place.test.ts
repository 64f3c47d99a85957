import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { putModel, say } from '../routing/setup.ts'
import { Names, PUBLIC } from './names.ts'
import { MALFORMED, METADATA, PORTS, PRIVATE } from './places.ts'

const names = new Names()

/** Allows public addresses only. */
let strict: Tollkeeper
/** Allows whatever can be allowed; on the same database. */
let open: Tollkeeper
let customer: Customer
beforeAll(async () => {
  const { resolver } = names
  strict = await startProxy({ resolver })
  const env = { UPSTREAM_ALLOW_CIDRS: '0.0.0.0/0,::/0' }
  const { databaseUrl, sandbox } = strict
  open = await startProxy({ resolver, env, databaseUrl, sandbox })
  customer = await strict.customer('1000')
})
afterAll(async () => {
  await open.close()
  await strict.close()
})

const CASES = [
  ...METADATA.map((url) => ({ url, isNever: true })),
  ...PRIVATE.map((url) => ({ url, isNever: false })),
  ...PORTS.map((url) => ({ url, isNever: true })),
].map((one, at) => ({ ...one, name: `place-${at}` }))

/** Saves it, and has it examined; both have to say the same. @returns what is refused, if it is */
async function save(proxy: Tollkeeper, name: string, base_url: string) {
  const saved = await proxy.admin('PUT', `/providers/${name}`, { base_url })
  if (saved.status === 200) return null
  const examined = await proxy.admin('POST', '/doctor', { base_url, model: 'm' })
  expect(examined).toEqual(saved)
  expect(saved.status).toBe(400)
  return saved.body.error
}

test.for(CASES)('$url is refused when it is saved', async ({ url, name, isNever }) => {
  const refused = { code: 'invalid_value', param: 'base_url' }
  expect(await save(strict, name, url)).toMatchObject(refused)
  const allowed = await save(open, name, url)
  if (isNever) expect(allowed).toMatchObject(refused)
  else expect(allowed).toBeNull()
})

test.for(CASES)('$url, however it was saved, is not connected to', async ({ url, name }) => {
  await strict.sql`insert into providers (name, base_url) values (${name}, ${url})
    on conflict (name) do update set base_url = ${url}`
  await putModel(strict, name, [{ provider: name }])
  const response = await strict.chat(customer.key, say(name))
  expect([response.status, JSON.parse(await response.text()).error.code]).toEqual([
    502,
    'upstream_misconfigured',
  ])
  const record = await strict.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ charged: '0', error: { code: 'upstream_misconfigured' } })
  expect(record.error.causes.join()).toMatch(/may (not )?be an upstream/)
})

test.for(CASES.filter(({ isNever }) => isNever))(
  '$url is not connected to either where everything is allowed',
  async ({ name }) => {
    await putModel(open, name, [{ provider: name }])
    const response = await open.chat(customer.key, say(name))
    const { error } = JSON.parse(await response.text())
    expect([response.status, error.code]).toEqual([502, 'upstream_misconfigured'])
  },
)

test.for(MALFORMED)('%j is no base URL', async (url) => {
  for (const proxy of [strict, open]) {
    expect(await save(proxy, 'malformed', url)).toMatchObject({
      code: 'invalid_value',
      param: 'base_url',
    })
  }
})

test('a refusal names the field, and says what to do', async () => {
  const messageOf = async (url: string) => (await save(strict, 'p', url)).message
  expect(await messageOf('http://10.0.0.1/v1')).toMatch(/^base_url .*UPSTREAM_ALLOW_CIDRS/)
  expect(await messageOf('http://metadata/v1')).toMatch(/^base_url .*metadata service/)
  expect(await messageOf('http://public.test:6379/v1')).toMatch(/^base_url .*port 6379/)
  expect(await messageOf('http://10.0.0.1.nip.test/v1')).toMatch(/^base_url .*its name/)
})

test('a name that nobody can resolve now is saved, and judged when it is connected to', async () => {
  names.set('later.test')
  expect(await save(strict, 'later', 'http://later.test/v1')).toBeNull()
  names.set('later.test', [PUBLIC], ['127.0.0.1'])
  expect(await save(strict, 'later', 'http://later.test/v1')).toBeNull()
  await putModel(strict, 'later', [{ provider: 'later' }])
  expect((await strict.chat(customer.key, say('later'))).status).toBe(502)
})
