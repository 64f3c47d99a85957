import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, recordOf, tableOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
  await proxy.admin('POST', '/accounts', { name: 'Ada', external_id: 'ada', credits: '10' })
})
afterAll(() => proxy.close())

/** The key in the record of a new one. */
function keyIn(output: string): string {
  const [, key] = output.match(/^key +(tk_[0-9A-Za-z]{38}) {3}\(shown only now\)$/m) ?? []
  return key as string
}

const statusWith = async (key: string): Promise<number> =>
  (await fetch(`${proxy.url}/models`, { headers: { authorization: `Bearer ${key}` } })).status

test('key create shows a key that works, once', async () => {
  const output = await cli.text('key create ada --name laptop')
  expect(await statusWith(keyIn(output))).toBe(200)
  expect(recordOf(output)).toMatchObject({ name: 'laptop', models: 'any', expires: '-' })
  const list = await cli.text('key list ada')
  expect(list).toContain(recordOf(output).id)
  expect(list).not.toContain(keyIn(output))
})

test('key create takes an expiry, models and limits', async () => {
  const limits = '--models a,b* --requests-per-minute 5 --concurrency 2 --expires 30d'
  const made = await cli.json(`key create --account ada ${limits}`)
  expect(made).toMatchObject({ models: ['a', 'b*'], requests_per_minute: 5, concurrency: 2 })
  const days = (Date.parse(made.expires_at) - Date.parse(made.created_at)) / 86_400_000
  expect(days).toBeCloseTo(30, 2)
  const never = await cli.json('key create ada --expires never --models any')
  expect(never).toMatchObject({ models: null, expires_at: null })
})

test('key create and key set limit tokens and spending, and show what was spent', async () => {
  const limits = '--tokens-per-minute 1000 --spend-limit 2.5 --spend-period day'
  const made = await cli.json(`key create ada ${limits}`)
  const period = { spend_limit: '2.5', spend_period: 'day', spent: '0' }
  expect(made).toMatchObject({ tokens_per_minute: 1_000, ...period })
  const output = await cli.text(['key', 'set', made.id, '--spend-limit', '7', '--name', 'capped'])
  expect(recordOf(output)).toMatchObject({
    name: 'capped',
    'tokens/min': '1000',
    spent: '0 of 7 a day',
  })
  const forGood = await cli.text(['key', 'set', made.id, '--spend-period', 'total'])
  expect(recordOf(forGood)).toMatchObject({ spent: '0 of 7' })
  const none = ['--spend-limit', 'none', '--tokens-per-minute', 'none', '--models', 'a,b']
  const { key: _, ...shown } = made
  const body = await cli.json(['key', 'set', made.id, ...none])
  const freed = { spend_limit: null, spend_period: null, spent: null, tokens_per_minute: null }
  expect(body).toEqual({ ...shown, ...freed, name: 'capped', models: ['a', 'b'] })
})

test('a spending limit that can not be is named by its option', async () => {
  const said = await cli.failure('key create ada --spend-limit much')
  expect(said).toMatch(/^--spend-limit: spend_limit must be a decimal string of credits/)
  expect(await cli.failure('key create ada --spend-period day')).toMatch(/^--spend-period: /)
})

test('key list prints a table, and with --json what the API answers', async () => {
  const account = await cli.json('account create Lists --external-id lists')
  await cli.text('key create lists --name first')
  await cli.text('key create lists --name second --models a,b*')
  const [head, ...rows] = tableOf(await cli.text('key list lists'))
  expect(head?.slice(0, 5)).toEqual(['id', 'name', 'key', 'models', 'requests/min'])
  expect(rows.map((row) => [row[1], row[3]])).toEqual([
    ['second', 'a, b*'],
    ['first', 'any'],
  ])
  const { body } = await proxy.admin('GET', `/accounts/${account.id}/keys`)
  expect(await cli.json('key list lists')).toEqual(body)
})

test('key revoke ends a key', async () => {
  const made = await cli.json('key create ada')
  const output = await cli.text(['key', 'revoke', made.id])
  expect(recordOf(output).revoked).toMatch(/^\d{4}-.*Z$/)
  await eventually(async () => (await statusWith(made.key)) === 401)
})

test('key revoke of an unknown key names the list to look at', async () => {
  const said = await cli.failure('key revoke key_1')
  expect(said).toBe('There is no such key; see "tollkeeper key list <account>"')
})

test('key rotate makes a key like the old one, and revokes the old one', async () => {
  const rates = '--requests-per-minute 50 --tokens-per-minute 9 --concurrency 7'
  const limits = `--name app --models a,sandbox-* ${rates} --spend-limit 3 --spend-period month`
  const old = await cli.json(`key create ada ${limits} --expires 2099-01-01`)
  const output = await cli.text(['key', 'rotate', old.id])
  expect(recordOf(output)).toMatchObject({
    name: 'app',
    models: 'a, sandbox-*',
    'requests/min': '50',
    'tokens/min': '9',
    concurrency: '7',
    spent: '0 of 3 a month',
    expires: '2099-01-01 00:00:00Z',
  })
  expect(output).toMatch(new RegExp(`\nThe old key ${old.id} \\(tk_.*\\) is revoked\\.$`))
  expect(await statusWith(keyIn(output))).toBe(200)
  await eventually(async () => (await statusWith(old.key)) === 401)
})

test('key rotate --grace lets the old key work for so long', async () => {
  const old = await cli.json('key create ada')
  const { created, revoked } = await cli.json(['key', 'rotate', old.id, '--grace', '24h'])
  expect(await statusWith(created.key)).toBe(200)
  expect(await statusWith(old.key)).toBe(200)
  expect(revoked).toMatchObject({ id: old.id, revoked_at: null })
  const hours = (Date.parse(revoked.expires_at) - Date.parse(created.created_at)) / 3_600_000
  expect(hours).toBeCloseTo(24, 1)
  const text = await cli.text(['key', 'rotate', created.id, '--grace', '1h'])
  expect(text).toMatch(/\nThe old key key_\S+ \(tk_.*\) works until \d{4}-.*Z\.$/)
})

test('key rotate --grace does not lengthen the life of the old key', async () => {
  const old = await cli.json('key create ada --expires 1h')
  const { created, revoked } = await cli.json(['key', 'rotate', old.id, '--grace', '7d'])
  expect(revoked.expires_at).toBe(old.expires_at)
  expect(created.expires_at).toBe(old.expires_at)
})

test('key rotate gives the new key another expiry where it is told one', async () => {
  const old = await cli.json('key create ada --expires 1h')
  const { created } = await cli.json(['key', 'rotate', old.id, '--expires', 'never'])
  expect(created.expires_at).toBe(null)
})

test('key rotate refuses a key that was revoked, and makes no other', async () => {
  const account = await cli.json('account create Ended --external-id ended')
  const old = await cli.json('key create ended')
  await cli.text(['key', 'revoke', old.id])
  const said = await cli.failure(['key', 'rotate', old.id])
  expect(said).toContain(`make a new key with "tollkeeper key create ${account.id}"`)
  expect((await cli.json('key list ended')).data).toHaveLength(1)
})

test('key rotate of an expired key asks for an expiry', async () => {
  const old = await cli.json('key create ada --expires 2001-01-01')
  expect(await cli.failure(['key', 'rotate', old.id])).toMatch(/has expired: say with --expires/)
  const { created } = await cli.json(['key', 'rotate', old.id, '--expires', '1d'])
  expect(await statusWith(created.key)).toBe(200)
})
