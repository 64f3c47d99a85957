import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, misuse, tableOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
let ada: Customer
let bob: Customer
let bobsRequest: string

/** @returns the request's id */
async function spend({ key }: Customer, model: string): Promise<string> {
  const messages = [{ role: 'user', content: 'Hello there' }] // 3 tokens, and 3 back
  const response = await proxy.chat(key, { model, messages })
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id)
  return id
}

beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
  ada = await proxy.customer('1000')
  bob = await proxy.customer('1000')
  await spend(ada, 'sandbox-echo')
  await spend(ada, 'sandbox-echo')
  bobsRequest = await spend(bob, 'sandbox-no-usage')
})
afterAll(() => proxy.close())

const HEAD = ['requests', 'prompt', 'cached', 'completion', 'charged', 'uncollected']

test('usage by model sums up each model, and all of them', async () => {
  const rows = tableOf(await cli.text('usage --by model --since yesterday'))
  expect(rows).toEqual([
    ['model', ...HEAD],
    ['sandbox-echo', '2', '6', '0', '6', '0.12', '0'],
    ['sandbox-no-usage', '1', '3', '0', '3', '0.06', '0'],
    ['total', '3', '9', '0', '9', '0.18', '0'],
  ])
})

test('usage is told by account, by key and by day too', async () => {
  const groups = async (by: string) =>
    tableOf(await cli.text(`usage --by ${by}`)).map(([group, requests]) => [group, requests])
  expect(await groups('account')).toEqual([
    ['account', 'requests'],
    [ada.accountId, '2'],
    [bob.accountId, '1'],
    ['total', '3'],
  ])
  expect((await groups('key')).slice(1, 3)).toEqual([
    [ada.keyId, '2'],
    [bob.keyId, '1'],
  ])
  const [, day] = await groups('day')
  expect(day?.[0]).toMatch(/^\d{4}-\d\d-\d\d$/)
})

test('usage of a time without requests is none', async () => {
  expect(await cli.text('usage --by model --until yesterday')).toBe('none')
  expect(await cli.text('usage --by model --since 2001-01-01 --until 2001-01-02')).toBe('none')
})

test('usage --json prints exactly what the API answers', async () => {
  const { body } = await proxy.admin('GET', '/usage?group_by=model')
  expect(await cli.json('usage --by model')).toEqual(body)
})

test('usage has a column for what was given back, where something was', async () => {
  const refund = `adjust ${bob.accountId} 0.02 --reference ticket --reason sorry`
  await cli.text(`${refund} --request ${bobsRequest}`)
  expect(tableOf(await cli.text('usage --by model'))).toEqual([
    ['model', ...HEAD, 'adjusted'],
    ['sandbox-echo', '2', '6', '0', '6', '0.12', '0', '0'],
    ['sandbox-no-usage', '1', '3', '0', '3', '0.06', '0', '0.02'],
    ['total', '3', '9', '0', '9', '0.18', '0', '0.02'],
  ])
})

test('usage sums up amounts of any size, and more groups than it lists', async () => {
  await proxy.sql`
    insert into requests select (jsonb_populate_record(r, jsonb_build_object(
        'id', left(r.id::text, 24) || lpad(n::text, 12, '0'), 'model', 'm-' || n,
        'hold', 2e18, 'charged', 2e18))).*
      from requests r, generate_series(1, 10000) n where r.id = ${bobsRequest}`
  const lines = (await cli.text('usage --by model')).trimEnd().split('\n')
  expect(lines).toHaveLength(1 + 10_000 + 2)
  const [total, note] = lines.slice(-2)
  expect(total).toMatch(/^total +10003 .* 20000000000000000\.18 /)
  expect(note).toBe('Only the first 10000 are listed.')
})

test('usage asks for what to group by, and for a time it can read', async () => {
  const by = misuse(await cli.run('usage'))
  expect(by).toBe('--by <what> is missing; see "tollkeeper usage --help"')
  const other = misuse(await cli.run('usage --by provider'))
  expect(other).toMatch(/^--by is "provider": it must be one of model, account, key, day; see/)
  const since = misuse(await cli.run('usage --by model --since yore'))
  expect(since).toMatch(/^--since is "yore": it must be a time like/)
})
