import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { say } from '../routing/setup.ts'
import { REACHES_MS } from './history.ts'
import { runningMs } from './running-time.ts'
import { startWorld, type World } from './world.ts'

/** Requests at least, rounds of changes at least, and clients that ask one after the other. */
const REQUESTS = Number(process.env.TEST_REQUESTS ?? 300)
const ROUNDS = 4
const CLIENTS = 8

type Sent = {
  id: string
  model: string
  status: number
  text: string
  stream: boolean
  /** When it began and ended, as in the histories. */
  from: number
  to: number
}

let world: World
const sent: Sent[] = []
let record: Map<string, any>
beforeAll(async () => {
  world = await startWorld()
  await loadWhileChanging()
  record = await recordsOf(sent)
}, 120_000)
afterAll(() => world.close())

async function loadWhileChanging(): Promise<void> {
  let rounds = 0
  let trouble: unknown = null
  const changes = async () => {
    while (trouble === null && (rounds < ROUNDS || sent.length < REQUESTS)) {
      await world.change()
      rounds += 1
    }
  }
  const isOver = () => trouble !== null || (rounds >= ROUNDS && sent.length >= REQUESTS)
  const client = async (index: number) => {
    for (let at = index; !isOver(); at += 1) sent.push(await ask(at))
  }
  const changing = changes().catch((error) => {
    trouble = error
  })
  await Promise.all([changing, ...Array.from({ length: CLIENTS }, (_, index) => client(index))])
  if (trouble !== null) throw trouble
}

async function ask(at: number): Promise<Sent> {
  const models = Object.keys(world.routed)
  const model = models[at % models.length] as string
  const proxy = world.proxies[at % 2] as Tollkeeper
  const stream = at % 4 < 2
  const from = runningMs()
  if (at % 10 === 0) await expectListed(proxy, 'm')
  const response = await proxy.chat(world.customer.key, say(model, { stream, max_tokens: 64 }))
  const text = await response.text()
  const id = response.headers.get('x-request-id') as string
  return { id, model, stream, status: response.status, text, from, to: runningMs() }
}

/** A model that is always there is never not found. */
async function expectListed(proxy: Tollkeeper, model: string): Promise<void> {
  const authorization = `Bearer ${world.customer.key}`
  const { status } = await fetch(`${proxy.url}/models/${model}`, { headers: { authorization } })
  if (status !== 200) throw new Error(`GET /v1/models/${model} answered ${status}`)
}

async function recordsOf(all: Sent[]): Promise<Map<string, any>> {
  const [first] = world.proxies
  const records = all.map(async ({ id }) => [id, await first.settled(id)] as const)
  return new Map(await Promise.all(records))
}

test('every request is answered, to its end', () => {
  expect(sent.length).toBeGreaterThanOrEqual(REQUESTS)
  const failed = sent.filter(({ status, stream, text }) => {
    const isWhole = stream ? text.endsWith('data: [DONE]\n\n') : text.includes('"choices"')
    return status !== 200 || !isWhole
  })
  expect(failed).toEqual([])
  const outcomes = new Set([...record.values()].map(({ outcome }) => outcome))
  expect([...outcomes]).toEqual(['completed'])
})

test('each was served once, by a provider that its model was routed to meanwhile', () => {
  const wrong = sent.filter(({ id, model, from, to }) => {
    const { provider, base_url } = record.get(id)
    const asked = Object.values(world.upstreams).filter(({ calls }) => calls.has(id))
    const isRepeated = asked.some(({ calls }) => calls.has(`${id}#2`))
    const isThere = asked.length === 1 && asked[0]?.url === base_url
    const providers = world.routed[model]?.during(from, to).flat() ?? []
    const isAtHome = provider !== 'nomad' || world.nomad.during(from, to).includes(base_url)
    return isRepeated || !isThere || !isAtHome || !providers.includes(provider)
  })
  expect(wrong.map(({ id, model }) => [model, record.get(id)])).toEqual([])
})

test('each is charged by a price of its provider that was in force, once', () => {
  const wrong = sent.filter(({ id, from }) => {
    const { provider, upstream_model, price_id, charged, ...tokens } = record.get(id)
    const { prompt_tokens, completion_tokens } = tokens
    const prices = world.prices.filter(
      (one) => one.provider === provider && one.model === upstream_model,
    )
    const price = prices.find((one) => one.id === price_id)
    if (price === undefined) return true
    const later = prices.filter((one) => one.from > price.from)
    const isOld = later.some((one) => one.from < from - REACHES_MS)
    const plain = ((prompt_tokens + completion_tokens) * price.usd) / 1_000
    const isRight = [plain, 2 * plain].some((cost) => Math.abs(cost - Number(charged)) < 1e-6)
    return isOld || !isRight
  })
  expect(wrong.map(({ id }) => record.get(id))).toEqual([])
})

test('in the end the account has paid for all of them, and holds nothing', async () => {
  const [first] = world.proxies
  const { body } = await first.admin('GET', `/accounts/${world.customer.accountId}`)
  const micro = (credits: string) => Math.round(Number(credits) * 1_000_000)
  const charged = [...record.values()].reduce((sum, one) => sum + micro(one.charged), 0)
  expect(body.held).toBe('0')
  expect(micro('1000000') - micro(body.posted)).toBe(charged)
  expect((await first.admin('GET', '/audit')).body.violations).toEqual([])
})
