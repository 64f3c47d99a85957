import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, misuse, recordOf, tableOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
})
afterAll(() => proxy.close())

test('account create makes an account with credits, and prints it as a record', async () => {
  const output = await cli.text('account create Ada --external-id customer-1 --credits 50')
  const { id, created, ...shown } = recordOf(output)
  expect(shown).toEqual({
    name: 'Ada',
    'external id': 'customer-1',
    tier: 'default',
    status: 'active',
    posted: '50',
    held: '0',
    available: '50',
  })
  expect(created).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
  const { body } = await proxy.admin('GET', `/accounts/${id}`)
  expect(body).toMatchObject({ name: 'Ada', external_id: 'customer-1', posted: '50' })
})

test('account create with an external id that is taken says that nothing has changed', async () => {
  await cli.text('account create Grace --external-id twice --credits 5')
  const again = await cli.text('account create Grace --external-id twice --credits 5')
  expect(recordOf(again).posted).toBe('5')
  expect(again).toMatch(/\nIt was there before: nothing has changed\.$/)
})

test('account show finds an account by its id and by its external id', async () => {
  const made = await cli.json('account create Shown --external-id with/odd&id')
  const byId = await cli.text(['account', 'show', made.id])
  expect(await cli.text(['account', 'show', 'with/odd&id'])).toBe(byId)
  expect(recordOf(byId)).toMatchObject({ id: made.id, name: 'Shown', 'external id': 'with/odd&id' })
})

test('account --json prints exactly what the API answers', async () => {
  const made = await cli.json('account create Json --external-id json')
  const { body } = await proxy.admin('GET', `/accounts/${made.id}`)
  expect(made).toEqual(body)
  expect(await cli.json('account show json')).toEqual(body)
  const list = await proxy.admin('GET', '/accounts?external_id=json')
  expect(await cli.json('account list --external-id json')).toEqual(list.body)
})

test('account list prints aligned columns, numbers to the right, and no lines drawn', async () => {
  await cli.text('account create Narrow --external-id list-1 --credits 7')
  const wide = ['account', 'create', 'A much wider name', '--external-id', 'list-2']
  await cli.text([...wide, '--credits', '1234.5'])
  const lines = (await cli.text('account list --limit 2')).split('\n').slice(0, 3)
  const [head, first, second] = lines as [string, string, string]
  expect(tableOf(lines.join('\n')).map((cells) => cells.slice(1))).toEqual([
    ['name', 'external id', 'tier', 'status', 'posted', 'held', 'available'],
    ['A much wider name', 'list-2', 'default', 'active', '1234.5', '0', '1234.5'],
    ['Narrow', 'list-1', 'default', 'active', '7', '0', '7'],
  ])
  expect([head.indexOf('name'), second.indexOf('Narrow')]).toEqual(
    Array(2).fill(first.indexOf('A much')),
  )
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
})

test('account list says how to go on where there are more', async () => {
  await cli.text('account create One --external-id page-1')
  await cli.text('account create Two --external-id page-2')
  const page = await cli.text('account list --limit 1')
  const [, cursor] = page.match(/\nThere are more: add --cursor (\S+)$/) ?? []
  const next = await cli.json(['account', 'list', '--limit', '1', '--cursor', cursor as string])
  expect(next.data.map((account: { name: string }) => account.name)).toEqual(['One'])
})

test('account list filters by status', async () => {
  const made = await cli.json('account create Suspended --external-id suspended')
  await cli.text('account set suspended --status suspended')
  const list = await cli.json('account list --status suspended')
  expect(list.data.map((account: { id: string }) => account.id)).toEqual([made.id])
  expect(await cli.text('account list --status closed')).toBe('none')
})

test('account set changes what is named, and nothing else', async () => {
  await proxy.admin('PUT', '/tiers/gold', {})
  await cli.text('account create Changing --external-id changing --credits 3')
  const output = await cli.text(['account', 'set', 'changing', '--tier', 'gold'])
  expect(recordOf(output)).toMatchObject({ name: 'Changing', tier: 'gold', posted: '3' })
})

test('account set without a change is a mistake in the command line', async () => {
  const said = misuse(await cli.run('account set changing'))
  expect(said).toMatch(/--name, --tier or --status; see "tollkeeper account set --help"$/)
})

test('an unknown account is named, with the list to look at', async () => {
  const named = await cli.failure('account show nobody')
  expect(named).toMatch(/external id nobody: see "tollkeeper account list"/)
  const id = await cli.failure('account show acc_01900000-0000-7000-8000-000000000000')
  expect(id).toBe('There is no such account; see "tollkeeper account list"')
})

test('an account that the API refuses is refused by the name of the option at fault', async () => {
  const credits = await cli.failure('account create Poor --credits 1e3')
  expect(credits).toMatch(/^--credits: .*"12\.5"; see "tollkeeper account create --help"$/)
  expect(await cli.failure('account create Poor --tier nowhere')).toMatch(/^--tier: /)
  expect(await cli.failure(['account', 'create', 'a\u0007b'])).toMatch(/^<name>: /)
})

test('account ledger lists the movements of credits page by page, the newest first', async () => {
  await cli.text('account create Booked --external-id booked --credits 5')
  await cli.text('grant booked 7.5 --reference invoice-7')
  await cli.text('adjust booked -0.000001 --reference ticket-12 --reason rounding')
  const first = await cli.text('account ledger booked --limit 2')
  const [head, ...rows] = tableOf(first.split('\n').slice(0, 3).join('\n'))
  expect(head).toEqual([
    ...['seq', 'time', 'kind', 'amount', 'balance', 'request', 'reference', 'reason'],
  ])
  expect(rows.map(([seq, , ...cells]) => [seq, ...cells])).toEqual([
    ['3', 'adjustment', '-0.000001', '12.499999', '-', 'ticket-12', 'rounding'],
    ['2', 'grant', '7.5', '12.5', '-', 'invoice-7', '-'],
  ])
  const cursor = first.match(/\nThere are more: add --cursor (\w+)$/)?.[1]
  const last = await cli.json(`account ledger booked --limit 2 --cursor ${cursor}`)
  expect(last).toMatchObject({ data: [{ seq: 1, kind: 'grant', amount: '5' }], next: null })
})
