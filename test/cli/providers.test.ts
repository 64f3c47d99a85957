import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, recordOf, tableOf } from './tollkeeper.ts'

const KEY = 'canary-provider-key-0123456789'
const SET = 'provider set acme --base-url https://api.example.com/v1'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
})
afterAll(() => proxy.close())

const hasKey = async (name: string): Promise<boolean> =>
  (await proxy.admin('GET', `/providers/${name}`)).body.has_key

test('provider set makes a provider whose key is never shown again', async () => {
  const output = await cli.text(`${SET} --api-key ${KEY}`)
  expect(recordOf(output)).toMatchObject({ name: 'acme', key: 'set' })
  expect(recordOf(output)['base url']).toMatch(/^https:\/\/api\.example\.com\/v1/)
  const shown = [output, await cli.text('provider show acme'), await cli.text('provider list')]
  expect(shown.join('\n')).not.toContain(KEY)
})

test('provider set reads the key from standard input, where nothing else sees it', async () => {
  await cli.text('provider set piped --base-url https://api.example.com/v1 --api-key -', {
    input: `${KEY}\n`,
  })
  expect(await hasKey('piped')).toBe(true)
})

test('provider set keeps the base URL and the key that are not named', async () => {
  await cli.text(`${SET.replace('acme', 'kept')} --api-key ${KEY}`)
  const moved = await cli.json('provider set kept --base-url https://other.example.com/v1')
  expect(moved).toMatchObject({ has_key: true })
  const bare = await cli.json('provider set kept --api-key none')
  expect(bare).toMatchObject({ has_key: false, base_url: moved.base_url })
})

test('provider show, provider list and --json print what the API answers', async () => {
  await cli.text(SET.replace('acme', 'shown'))
  const { body } = await proxy.admin('GET', '/providers/shown')
  expect(await cli.json('provider show shown')).toEqual(body)
  expect(await cli.json('provider list')).toEqual((await proxy.admin('GET', '/providers')).body)
  const rows = tableOf(await cli.text('provider list'))
  expect(rows[0]).toEqual(['name', 'base url', 'key', 'source'])
  expect(rows.find(([name]) => name === 'shown')?.[2]).toBe('none')
})

test('provider delete deletes a provider', async () => {
  await cli.text(SET.replace('acme', 'gone'))
  expect(await cli.text('provider delete gone')).toBe('The provider gone is deleted.')
  const said = await cli.failure('provider delete gone')
  expect(said).toBe('There is no such provider; see "tollkeeper provider list"')
})

test('a provider that can not be is named by its option', async () => {
  expect(await cli.failure('provider set bad --base-url nowhere')).toMatch(/^--base-url: /)
  expect(await cli.failure('provider set bad')).toMatch(/^--base-url: /)
})

test('provider set names the quirks of an upstream, and keeps those that are not named', async () => {
  await cli.text(`${SET.replace('acme', 'quirky')} --stream-options omit --auth-header api-key`)
  const { profile } = await cli.json('provider set quirky --output-limit max_tokens')
  expect(profile).toMatchObject({
    stream_options: 'omit',
    output_limit: 'max_tokens',
    auth_header: 'api-key',
    developer_role: 'keep',
  })
  const moved = await cli.json('provider set quirky --base-url https://other.example.com/v1')
  expect(moved.profile).toEqual(profile)
})
