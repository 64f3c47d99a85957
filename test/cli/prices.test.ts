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

test('price set enters a price that begins now', async () => {
  const before = Date.now()
  const { from, ...shown } = recordOf(
    await cli.text('price set openai one --input 2.5 --output 10'),
  )
  expect(shown).toEqual({
    provider: 'openai',
    model: 'one',
    input: '2.5',
    'cached input': '2.5',
    output: '10',
    reasoning: '10',
    request: '0',
  })
  expect(Math.abs(Date.parse(from as string) - before)).toBeLessThan(60_000)
})

test('price set --from tomorrow begins at the next midnight, UTC', async () => {
  const nextMidnight = () => new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString()
  const before = nextMidnight()
  const price = await cli.json('price set openai two --input 1 --output 2 --from tomorrow')
  expect([before, nextMidnight()]).toContain(price.effective_from)
})

test('price set takes every class and a date, and again says that nothing has changed', async () => {
  const classes = '--input 2 --cached-input 0.5 --output 8 --reasoning 9 --request 0.001'
  const command = `price set openai org/three ${classes} --from 2026-12-01`
  const { created_at, id, ...price } = await cli.json(command)
  expect(price).toEqual({
    provider: 'openai',
    model: 'org/three',
    effective_from: '2026-12-01T00:00:00.000Z',
    input: '2',
    cached_input: '0.5',
    output: '8',
    reasoning: '9',
    request: '0.001',
    source: 'manual',
  })
  expect(await cli.text(command)).toMatch(/\nIt was entered before: nothing has changed\.$/)
})

test('price list prints a table, filtered, and with --json what the API answers', async () => {
  await cli.text('price set mine four --input 1 --output 2 --from 2026-12-01')
  await cli.text('price set mine four --input 0.5 --output 1 --from 2027-01-01T09:30Z')
  await cli.text('price set theirs four --input 1 --output 2')
  const rows = tableOf(await cli.text('price list --provider mine --model four'))
  expect(rows.map((row) => row.slice(0, 4))).toEqual([
    ['provider', 'model', 'from', 'input'],
    ['mine', 'four', '2027-01-01 09:30:00Z', '0.5'],
    ['mine', 'four', '2026-12-01 00:00:00Z', '1'],
  ])
  const { body } = await proxy.admin('GET', '/prices?model=four')
  expect(await cli.json('price list --model four')).toEqual(body)
})

test('a price that can not be is named by its option', async () => {
  const missing = misuse(await cli.run('price set openai x --input 1'))
  expect(missing).toBe('--output <usd> is missing; see "tollkeeper price set --help"')
  const from = misuse(await cli.run('price set openai x --input 1 --output 2 --from soon'))
  expect(from).toMatch(/^--from is "soon": it must be a time like tomorrow/)
  const usd = await cli.failure('price set openai x --input $1 --output 2')
  expect(usd).toMatch(/^--input: .*such as "2\.5"; see "tollkeeper price set --help"$/)
  await cli.text('price set openai x --input 1 --output 2 --from 2026-12-01')
  const other = await cli.failure('price set openai x --input 3 --output 2 --from 2026-12-01')
  expect(other).toMatch(/^--from: This model has another price/)
})
