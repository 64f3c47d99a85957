import { afterAll, beforeAll, expect, test } from 'vitest'
import { timeOf } from '../../src/domain/request-time.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ask, putPrice, say } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('1000000')
})
afterAll(() => proxy.close())

const USAGE = { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 }

const charge = async (model: string, usage: object = USAGE, key = customer.key) => {
  const body = say(model, { sandbox: { usage }, max_tokens: 1_000 })
  const { status, id, text } = await ask(proxy, key, body, {})
  expect(status, text).toBe(200)
  return proxy.settled(id)
}

test('every class that an upstream reports is charged at its own price, and recorded', async () => {
  await putPrice(proxy, 'openai', 'classes', {
    ...{ input: '1', cached_input: '0.1', output: '4', reasoning: '5' },
    ...{ cache_write: '1.25', input_audio: '10', cached_input_audio: '2', output_audio: '20' },
  })
  const record = await charge('classes', {
    ...USAGE,
    prompt_tokens_details: {
      cached_tokens: 300,
      cache_write_tokens: 100,
      audio_tokens: 200,
      cached_tokens_details: { audio_tokens: 50 },
    },
    completion_tokens_details: { reasoning_tokens: 100, audio_tokens: 200 },
  })
  // 450 x 1 + 250 x 0.1 + 50 x 2 + 150 x 10 + 100 x 1.25, and 200 x 4 + 100 x 5 + 200 x 20
  expect(record.charged).toBe('7.5')
  const usage_details = {
    cache_write_tokens: 100,
    input_audio_tokens: 200,
    cached_audio_tokens: 50,
    output_audio_tokens: 200,
  }
  expect(record).toMatchObject({ prompt_tokens: 1_000, cached_tokens: 300, usage_details })
  expect(await proxy.logOf(record.id)).toMatchObject({ usage_details, charged: '7.5' })
  const receipt = await fetch(`${proxy.url}/generation?id=${record.id}`, {
    headers: { authorization: `Bearer ${customer.key}` },
  })
  expect((await receipt.json()) as object).toMatchObject({ data: { usage_details } })
  const [{ metered }] = (await proxy.sql`
    select usage_details as metered from requests where id = ${record.id}`) as unknown as [any]
  expect(metered).toEqual(usage_details)
})

test('a prompt of nothing but text is not held as if it were audio', async () => {
  await putPrice(proxy, 'openai', 'speaks', { input: '1', output: '1', input_audio: '1000' })
  const { key } = await proxy.customer('2') // 2 USD for a million tokens, at 1,000 credits a USD
  const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
  expect((await charge('speaks', usage, key)).charged).toBe('0.15')
  const data = Buffer.alloc(4_096).toString('base64')
  const heard = [{ type: 'input_audio', input_audio: { data, format: 'wav' } }]
  const body = { ...say('speaks', {}), messages: [{ role: 'user', content: heard }] }
  expect((await ask(proxy, key, body, {})).status).toBe(402)
})

test('a usage without other classes is recorded without details', async () => {
  await putPrice(proxy, 'openai', 'plain', { input: '1', output: '1' })
  const told = { prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 } }
  expect(await charge('plain', { ...USAGE, ...told })).toMatchObject({ usage_details: null })
})

test('a call of a hosted tool is charged', async () => {
  const tools = { web_search_call: '0.01' }
  await putPrice(proxy, 'openai', 'tools', { input: '0', output: '0', tools })
  const record = await charge('tools', { ...USAGE, server_tool_use: { web_search_requests: 3 } })
  expect(record).toMatchObject({
    charged: '30',
    usage_details: { tool_calls: { web_search_call: 3 } },
  })
})

test('a prompt above a step is charged at the step, and the hold covers it', async () => {
  const step = { above: 1_000, input: '2', output: '8' }
  await putPrice(proxy, 'openai', 'steps', { input: '1', output: '4', steps: [step] })
  expect(await charge('steps')).toMatchObject({ charged: '3' })
  expect(await charge('steps', { ...USAGE, prompt_tokens: 1_001 })).toMatchObject({
    charged: '6.002',
    uncollected: '0',
  })
  const long = { role: 'user', content: 'a'.repeat(2_000) }
  const body = {
    ...say('steps', { max_tokens: 1_000, sandbox: { usage: USAGE } }),
    messages: [long],
  }
  const { id } = await ask(proxy, customer.key, body, {})
  const { hold, charged } = await proxy.settled(id)
  expect(charged).toBe('3')
  expect(Number(hold)).toBeGreaterThan(8 + 4) // 1,000 tokens of output and 2,000 of the prompt
})

test('a request that began in hours with another price is charged at that one', async () => {
  const all = { from: '00:00', until: '23:59:59', input: '5', output: '5' }
  const second = new Date().getUTCHours() * 60 + new Date().getUTCMinutes()
  const time = (minute: number) =>
    [Math.floor(minute / 60) % 24, minute % 60].map((n) => String(n).padStart(2, '0')).join(':')
  const now = { ...all, from: time(second + 1_435), until: time(second + 60) }
  const later = { ...all, from: time(second + 60), until: time(second + 120) }
  await putPrice(proxy, 'openai', 'now', { input: '1', output: '1', hours: [now] })
  await putPrice(proxy, 'openai', 'later', { input: '1', output: '1', hours: [later] })
  expect(await charge('now')).toMatchObject({ charged: '7.5' })
  expect(await charge('later')).toMatchObject({ charged: '1.5' })
})

test('a price that begins at a moment is for requests that begin then or after it', async () => {
  await putPrice(proxy, 'openai', 'dated', { input: '1', output: '1' })
  const enter = async (usd: string, afterMs: number) => {
    const begins = new Date(Date.now() + afterMs)
    const next = { provider: 'openai', model: 'dated', input: usd, output: usd }
    const effective_from = begins.toISOString()
    const { body: price } = await proxy.admin('POST', '/prices', { ...next, effective_from })
    await eventually(() => {
      const known = proxy.app.database.catalogue().priceAt('openai', 'dated', begins)
      return known?.id === price.id || undefined
    })
    return { id: price.id, begins }
  }
  await enter('7', 3_600_000)
  expect(await charge('dated')).toMatchObject({ charged: '1.5' })
  const soon = await enter('3', 2_000)
  const after = await eventually(async () => {
    const record = await charge('dated')
    if (timeOf(record.id) >= soon.begins) return record
    expect(record).toMatchObject({ charged: '1.5' })
  })
  expect(after).toMatchObject({ charged: '4.5', price_id: soon.id })
})

test('at midnight one price ends and the next begins', async () => {
  const midnight = '2026-03-01T00:00:00.000Z'
  const first = { input: '1', output: '1', effective_from: '2026-02-01T00:00:00Z' }
  await putPrice(proxy, 'openai', 'midnight', first)
  await putPrice(proxy, 'openai', 'midnight', { input: '2', output: '2', effective_from: midnight })
  const { priceAt } = proxy.app.database.catalogue()
  const inputAt = (time: Date) => priceAt('openai', 'midnight', time)?.input
  expect(inputAt(new Date('2026-02-28T23:59:59.999Z'))).toBe(1_000_000_000n)
  expect(inputAt(new Date(midnight))).toBe(2_000_000_000n)
})

test('the markup of a tier is on steps, classes and tools too', async () => {
  await proxy.admin('PUT', '/tiers/marked', { markup: '1.5' })
  const { key } = await proxy.customer('1000', { tier: 'marked' })
  const steps = [{ above: 500, input: '2' }]
  const tools = { web_search_call: '0.001' }
  const terms = { input: '1', output: '4', cache_write: '3', steps, tools }
  await putPrice(proxy, 'openai', 'marked-up', terms)
  const usage = {
    ...USAGE,
    prompt_tokens_details: { cache_write_tokens: 100 },
    server_tool_use: { web_search_requests: 1 },
  }
  // 900 x 2 + 100 x 3 + 500 x 4 and a search at 1,000, at 1.5
  const record = await charge('marked-up', usage, key)
  expect(record).toMatchObject({ charged: '7.65', markup_ppm: '1500000' })
})

test('a model without a price costs the fallback, which its record tells', async () => {
  const details = { prompt_tokens_details: { audio_tokens: 900 } }
  expect(await charge('nobody-priced', { ...USAGE, ...details })).toMatchObject({
    charged: '15',
    price_id: null,
    fallback_per_1000_tokens: '10',
  })
})

test('the books are right after all of these', async () => {
  const { body } = await proxy.admin('GET', '/audit')
  expect(body).toMatchObject({ ok: true })
})
