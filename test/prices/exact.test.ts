import { calcPrice, type ModelInfo, type Provider, waitForUpdate } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { costOf, MARKUP_NONE_PPM, rateOfPrice } from '../../src/domain/prices/price.ts'
import type { Usage } from '../../src/domain/usage/usage.ts'
import { withParts } from '../../src/domain/usage/usage-parts.ts'
import type { Catalogue } from '../../src/store/catalogue.ts'
import { partedUsage } from '../domain/arbitrary-rate.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { inItsWords, isSpecial, namesOf } from './catalogue-usage.ts'

/** At 1,000 credits a USD, a micro-credit is a nano-USD. */
const CREDITS_PER_USD = 1_000n
const MICRO_PER_USD = 1e9

/** What the catalogue's own floating point may be off, of its result. */
const FLOAT_ERROR = 1e-13

const SINCE = '2024-01-01T00:00:00.000Z'

let proxy: Tollkeeper
let providers: Provider[]
let book: Catalogue
const refused = new Set<string>()
beforeAll(async () => {
  providers = (await waitForUpdate()) ?? []
  proxy = await startProxy()
  const asked = { apply: true, effective_from: SINCE }
  const { status, body } = await proxy.admin('POST', '/prices/import', asked)
  expect(status).toBe(200)
  for (const { status: is, provider, model } of body.prices) {
    if (is === 'refused') refused.add(`${provider} ${model}`)
  }
  book = proxy.app.database.catalogue()
})
afterAll(() => proxy.close())

test('the whole catalogue is imported but for a few that are refused by name', async () => {
  const [{ count }] = (await proxy.sql`
    select count(distinct (provider, model))::int from prices`) as unknown as [{ count: number }]
  const own = providers.flatMap(({ id, models }) => models.map((model) => `${id} ${model.id}`))
  const missing = own.filter((name) => refused.has(name))
  expect(count).toBeGreaterThanOrEqual(own.length - missing.length)
  expect(missing.length).toBeLessThan(own.length * 0.05)
})

type Entry = { provider: string; name: string }

const entries = (chosen: (model: ModelInfo) => boolean) =>
  providers.flatMap(({ id: provider, models }) =>
    models.filter(chosen).flatMap((model) => namesOf(model).map((name) => ({ provider, name }))),
  )

/** Prompts at which prices of the catalogue change. */
const bounds = [128_000, 199_999, 200_000, 271_999, 272_000, 512_000]
const prompts = fc
  .tuple(fc.constantFrom(...bounds), fc.nat({ max: 1 }))
  .map(([at, more]) => at + more)

const usages = fc
  .tuple(partedUsage, fc.option(prompts), fc.nat({ max: 9 }), fc.nat({ max: 9 }))
  .map(([usage, prompt, web_search_call, file_search_call]) => {
    const promptTokens = prompt ?? usage.promptTokens
    const cachedTokens = Math.min(usage.cachedTokens, promptTokens)
    const toolCalls = { web_search_call, file_search_call }
    return withParts({ ...usage, promptTokens, cachedTokens, toolCalls }, usage)
  })
const times = fc.date({
  min: new Date(SINCE),
  max: new Date('2028-01-01T00:00:00Z'),
  noInvalidDate: true,
})

/** @returns whether the name has a price at all */
function expectSame({ provider, name }: Entry, usage: Usage, timestamp: Date): boolean {
  const theirs = calcPrice(inItsWords(usage), name, { providerId: provider, timestamp })
  const ours = book.priceAt(provider, name, timestamp)
  if (theirs === null) return ours !== null // its own id, by which nobody is meant there
  if (ours === null) {
    expect([...refused]).toContain(`${provider} ${theirs.model.id}`)
    return false
  }
  const cost = Number(costOf(usage, rateOfPrice(ours, CREDITS_PER_USD, MARKUP_NONE_PPM)))
  const expected = theirs.total_price * MICRO_PER_USD
  const most = 1 + expected * FLOAT_ERROR
  expect(Math.abs(cost - expected), `${provider} ${name}: ${cost}, ${expected}`).toBeLessThan(most)
  return true
}

test.for<[string, (model: ModelInfo) => boolean]>([
  ['any model', () => true],
  ['models with classes, tools, steps or hours of their own', isSpecial],
])('1,000 usages of %s cost what the catalogue says', ([, chosen]) => {
  const named = entries(chosen)
  let priced = 0
  fc.assert(
    fc.property(fc.nat({ max: named.length - 1 }), usages, times, (at, usage, time) => {
      if (expectSame(named[at] as Entry, usage, time)) priced += 1
    }),
    { numRuns: 1_000, seed: 1 },
  )
  expect(priced).toBeGreaterThan(500)
})
