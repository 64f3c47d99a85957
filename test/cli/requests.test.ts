import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, misuse, tableOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
let ada: Customer
let bob: Customer
let echoed: string
let failed: string

async function ask({ key }: Customer, model: string): Promise<string> {
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(key, { model, messages })
  await response.text()
  return (await proxy.settled(response.headers.get('x-request-id') as string)).id
}

beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
  ada = await proxy.customer('1000')
  bob = await proxy.customer('1000')
  await proxy.admin('PATCH', `/accounts/${ada.accountId}`, { name: 'Ada' })
  echoed = await ask(ada, 'sandbox-echo')
  failed = await ask(bob, 'sandbox-error-500')
})
afterAll(() => proxy.close())

test('request list tells how each request ended, newest first', async () => {
  const rows = tableOf(await cli.text('request list'))
  expect(rows[0]).toEqual([
    ...['id', 'ended', 'model', 'outcome', 'stage', 'status', 'error', 'took'],
    ...['prompt', 'completion', 'charged'],
  ])
  expect(rows.slice(1).map((row) => [row[0], row[2], row[3], row[5], row[6], row[10]])).toEqual([
    [failed, 'sandbox-error-500', 'upstream_error', '502', 'upstream_error', '0'],
    [echoed, 'sandbox-echo', 'completed', '200', '-', '0.06'],
  ])
})

test('request list filters by account, key, model and outcome', async () => {
  const ids = async (filter: string): Promise<string[]> =>
    (await cli.json(`request list ${filter}`)).data.map((one: { id: string }) => one.id)
  expect(await ids(`--account ${ada.accountId}`)).toEqual([echoed])
  expect(await ids(`--key ${bob.keyId}`)).toEqual([failed])
  expect(await ids('--model sandbox-echo')).toEqual([echoed])
  expect(await ids('--outcome upstream_error')).toEqual([failed])
  expect(await ids(`--account ${ada.accountId} --outcome refused`)).toEqual([])
  const named = await proxy.admin('POST', '/accounts', { name: 'Grace', external_id: 'grace' })
  expect(named.status).toBe(201)
  expect(await ids('--account grace')).toEqual([])
})

test('request list and request show print with --json what the API answers', async () => {
  const list = await proxy.admin('GET', '/requests?limit=1')
  expect(await cli.json('request list --limit 1')).toEqual(list.body)
  const { body } = await proxy.admin('GET', `/requests/${failed}`)
  expect(await cli.json(['request', 'show', failed])).toEqual(body)
})

test('a name that would command the terminal is shown, not obeyed', async () => {
  const id = await ask(ada, '\u001b]0;owned\u0007\u202eevil\n  error     fake')
  const shown = [await cli.text('request list'), await cli.text(['request', 'show', id])].join('\n')
  expect(shown).toContain('\\u{1b}]0;owned\\u{7}\\u{202e}evil\\u{a}  error     fake')
  expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  const { stdout } = await cli.run('request list --json')
  expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})

test('request show of an unknown id names the list to look at', async () => {
  const said = await cli.failure('request show 01900000-0000-7000-8000-000000000000')
  expect(said).toBe('There is no such request; see "tollkeeper request list"')
})

test('request list refuses an outcome that there is not, naming those there are', async () => {
  const said = misuse(await cli.run('request list --outcome fine'))
  expect(said).toMatch(/^--outcome is "fine": .* completed, client_gone, upstream_error, /)
})
