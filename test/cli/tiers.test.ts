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

test('tier set makes a tier that limits requests', async () => {
  const output = await cli.text('tier set free --requests-per-minute 10')
  expect(recordOf(output)).toMatchObject({ name: 'free', models: 'any', 'requests/min': '10' })
  const { body } = await proxy.admin('GET', '/tiers/free')
  expect(body).toMatchObject({ requests_per_minute: 10, models: null, markup: '1' })
})

test('tier set changes what is named, and keeps the rest', async () => {
  const rates = '--requests-per-minute 9 --tokens-per-minute 99 --concurrency 3'
  const all = `--models a,b* --markup 1.25 ${rates}`
  await cli.text(`tier set kept ${all} --max-output-tokens 100 --hold-output-tokens 50`)
  const before = await cli.json('tier show kept')
  expect(before).toMatchObject({ requests_per_minute: 9, tokens_per_minute: 99, concurrency: 3 })
  expect(await cli.json('tier set kept --concurrency 4')).toEqual({ ...before, concurrency: 4 })
  const opened = await cli.json('tier set kept --models any --requests-per-minute none')
  expect(opened).toEqual({ ...before, concurrency: 4, models: null, requests_per_minute: null })
})

test('tier show, tier list and --json print what the API answers', async () => {
  await cli.text('tier set shown --markup 2')
  const { body } = await proxy.admin('GET', '/tiers/shown')
  expect(await cli.json('tier show shown')).toEqual(body)
  expect(recordOf(await cli.text('tier show shown'))).toMatchObject({ name: 'shown', markup: '2' })
  expect(await cli.json('tier list')).toEqual((await proxy.admin('GET', '/tiers')).body)
  const [head, ...rows] = tableOf(await cli.text('tier list'))
  expect(head?.slice(0, 4)).toEqual(['name', 'models', 'markup', 'requests/min'])
  expect(rows.find(([name]) => name === 'shown')?.slice(0, 3)).toEqual(['shown', 'any', '2'])
})

test('tier delete deletes a tier, unless an account has it', async () => {
  await cli.text('tier set gone')
  expect(await cli.text('tier delete gone')).toBe('The tier gone is deleted.')
  const said = await cli.failure('tier delete gone')
  expect(said).toBe('There is no such tier; see "tollkeeper tier list"')
  await cli.text('tier set used')
  await cli.text('account create Ada --tier used')
  expect(await cli.failure('tier delete used')).toMatch(/^Accounts have this tier/)
})

test('a tier setting that can not be is named by its option', async () => {
  const words = misuse(await cli.run('tier set x --concurrency many'))
  expect(words).toMatch(/^--concurrency is "many": it must be a whole number or "none"; see/)
  expect(await cli.failure('tier set x --markup cheap')).toMatch(/^--markup: markup must be/)
  expect(await cli.failure('tier set x --concurrency 0')).toMatch(/^--concurrency: /)
  expect(await cli.failure(['tier', 'set', 'odd name'])).toMatch(/^<name>: /)
})
