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

test('price import tells what is new, and enters nothing before --apply', async () => {
  const compared = await cli.text('price import --provider zai --as one')
  expect(compared).toMatch(/\nNothing is entered yet: 3 would be, from genai-prices /)
  const none = await cli.json('price list --provider one')
  expect(none.data).toEqual([])
  const applied = await cli.text('price import --provider zai --as one --apply')
  expect(applied).toMatch(/\n3 prices are entered from genai-prices /)
  const { data } = await cli.json('price list --provider one')
  expect(data).toHaveLength(3)
  const again = await cli.text('price import --provider zai --as one')
  expect(again).toMatch(/\nNothing to enter from genai-prices /)
})

test('price import shows what changes, what it leaves alone and what it refuses', async () => {
  const fast = 'price set two M2-her --input 9 --output 9 --from 2026-01-01'
  await cli.text(fast)
  const compared = await cli.text('price import --provider minimax --as two')
  const [counts, news, manual] = compared.split('\n\n').map(tableOf)
  expect(counts?.[0]).toEqual(['new', 'changed', 'same', 'left alone (manual)', 'refused'])
  expect(counts?.[1]).toEqual(['8', '0', '0', '1', '0'])
  expect(news?.[1]?.slice(0, 2)).toEqual(['two', 'MiniMax-M2'])
  expect(manual?.[1]).toEqual(['two', 'M2-her', '9', '9', '0.3', '1.2'])
  const replaced = await cli.text('price import --provider minimax --as two --replace-manual')
  expect(replaced).toMatch(/two +M2-her .* 9 -> 0\.3 /)
  const refused = await cli.text('price import --provider openai')
  expect(refused).toMatch(/openai +whisper-1 +it has a price by audio_hours and input_audio_hours/)
})

test('price import of all providers tells how many prices are new, not each of them', async () => {
  const compared = await cli.text('price import')
  expect(compared.split('\n').length).toBeLessThan(200)
  expect(compared).toMatch(/Nothing is entered yet: 1[0-9]{3} would be/)
})

test('price set takes tools, steps and hours, and shows them', async () => {
  const terms = '--cache-write 3 --tool web_search_call=0.01 --step above=200000,input=5'
  const shown = recordOf(await cli.text(`price set three large --input 2 --output 8 ${terms}`))
  expect(shown).toMatchObject({
    'cache write': '3',
    tools: 'web_search_call 0.01',
    steps: 'above 200000: input 5 output 8',
  })
  const hours = '--hours 16:30-00:30,input=1'
  const cheap = await cli.text(`price set three small --input 2 --output 8 ${hours}`)
  expect(recordOf(cheap)).toMatchObject({ hours: '16:30-00:30: input 1 output 8' })
})

test('terms that can not be read are named by their option', async () => {
  const set = 'price set three x --input 1 --output 2'
  expect(misuse(await cli.run(`${set} --step input=5`))).toMatch(/^--step is "input=5": it must/)
  expect(misuse(await cli.run(`${set} --hours soon`))).toMatch(/^--hours is "soon": it must/)
  expect(misuse(await cli.run(`${set} --tool search`))).toMatch(/^--tool is "search": it must/)
  expect(misuse(await cli.run('price import --from soon'))).toMatch(/^--from is "soon": it must/)
})
