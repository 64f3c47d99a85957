import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { putPrice, say } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

/** Tokens that the sandbox counts and reports, whatever it is asked. */
const COUNTED = { prompt_tokens: 1_000, completion_tokens: 500 }

let several: Several
beforeAll(async () => {
  several = await startSeveral()
})
afterAll(() => several.close())

const balance = async (accountId: string) =>
  (await several.proxy.admin('GET', `/accounts/${accountId}`)).body

/** The id of the request of an account that runs. */
async function running(accountId: string): Promise<string> {
  const [hold] = await several.proxy.sql<{ id: string }[]>`
    select id from holds where account_id = ${accountId.slice(4)}`
  return hold?.id as string
}

/** Two routes of which the first fails, at 1 and 4 USD for a million tokens of output. */
async function pricedModel(card: string) {
  const { proxy } = several
  const dear = `dear-${card}`
  await putPrice(proxy, 'acme', card, { input: '0', output: '1' })
  const priceId = await putPrice(proxy, 'beta', dear, { input: '0', output: '4' })
  return { model: await several.model(card, dear), priceId, dear }
}

test.for([true, false])(
  'the hold covers the dearer route, and the charge is that of the one that answered (stream: %s)',
  async (stream) => {
    const { proxy } = several
    const { key, accountId } = await proxy.customer('100')
    const { model, priceId, dear } = await pricedModel(`sandbox-error-50${stream ? 0 : 3}`)
    const body = say(model, { stream, max_tokens: 1_000, sandbox: COUNTED })
    const response = await proxy.chat(key, body)
    expect(response.status, await response.text()).toBe(200)
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    // 1,000 tokens of output may cost 0.004 USD there; a USD is 1,000 credits
    expect(record).toMatchObject({ hold: '4', charged: '2', uncollected: '0', price_id: priceId })
    expect(record).toMatchObject({ provider: 'beta', upstream_model: dear })
    expect(attemptsOf(record)).toHaveLength(2)
    expect(await balance(accountId)).toMatchObject({ posted: '98', held: '0' })
    const [books] = await proxy.sql`select count(*)::int as charges from ledger
      where request_id = ${record.id} and kind = 'charge'`
    expect(books).toEqual({ charges: 1 })
  },
)

test('the cheaper route is charged at its own price where the dearer one fails', async () => {
  const { proxy } = several
  const card = 'sandbox-html-error'
  await putPrice(proxy, 'acme', card, { input: '0', output: '4' })
  await putPrice(proxy, 'beta', 'cheap', { input: '0', output: '1' })
  const model = await several.model(card, 'cheap')
  const { id } = await several.send(model, { max_tokens: 1_000, sandbox: COUNTED })
  expect(await proxy.settled(id)).toMatchObject({ hold: '4', charged: '0.5', provider: 'beta' })
})

test('a stream that outgrows its hold takes slices at the price of the route it is on', async () => {
  const { proxy } = several
  await proxy.admin('PUT', '/tiers/slices', { hold_output_tokens: 100 })
  const { key } = await proxy.customer('100', { tier: 'slices' })
  const { model, priceId } = await pricedModel('sandbox-error-402')
  await eventually(() => proxy.app.database.catalogue().tiers.has('slices') || undefined)
  const sandbox = { reply_chars: 4_000, chunk_chars: 40 }
  const response = await proxy.chat(key, say(model, { stream: true, sandbox }))
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ charged: '4', uncollected: '0', price_id: priceId })
  expect(record.slices).toBeGreaterThan(5)
  expect(Number(record.hold)).toBeLessThan(5) // not more than the answer, one slice ahead
})

test('what an account can not pay at the dearer route is refused, or lowered to what it can', async () => {
  const { proxy } = several
  const { model } = await pricedModel('sandbox-error-401')
  const poor = await proxy.customer('1')
  const clamped = await proxy.chat(poor.key, say(model, { max_tokens: 1_000 }))
  expect(clamped.status, await clamped.text()).toBe(200)
  expect(clamped.headers.get('x-tollkeeper-max-tokens')).toBe('250')
  const sent = several.beta.calls.get(clamped.headers.get('x-request-id') as string)
  expect(JSON.parse(sent?.body ?? '')).toMatchObject({ max_tokens: 250 })
  const broke = await proxy.customer('0.001')
  const refused = await proxy.chat(broke.key, say(model, { stream: true, max_tokens: 1_000 }))
  expect([refused.status, await refused.text()]).toMatchObject([402, expect.anything()])
})

test('a request that runs tells the route it is on now, and at what price', async () => {
  const { proxy, acme, beta } = several
  const { key, accountId } = await proxy.customer('10')
  const { model, priceId, dear } = await pricedModel('sandbox-redirect')
  beta.hold()
  const answer = proxy.chat(key, say(model))
  await eventually(() => beta.waiting() === 1 || undefined)
  const id = await running(accountId)
  expect(acme.calls.has(id)).toBe(true)
  const shown = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.provider === 'beta' ? body : undefined
  })
  expect(shown).toMatchObject({ state: 'running', upstream_model: dear, price_id: priceId })
  beta.release()
  expect((await answer).status).toBe(200)
})

test('a client that hangs up while the second route works is charged nothing', async () => {
  const { proxy, beta } = several
  const { key, accountId } = await proxy.customer('10')
  const model = await several.model('sandbox-error-403')
  beta.hold()
  const hangUp = new AbortController()
  const answer = proxy.chat(key, say(model), { signal: hangUp.signal })
  await eventually(() => beta.waiting() === 1 || undefined)
  const id = await running(accountId)
  hangUp.abort()
  await expect(answer).rejects.toThrow()
  const record = await proxy.settled(id)
  beta.release()
  expect(record).toMatchObject({ outcome: 'client_gone', charged: '0', provider: 'beta' })
  expect(attemptsOf(record)).toEqual([
    ['acme', 403, 'upstream_misconfigured'],
    ['beta', null, null],
  ])
  await eventually(() => beta.calls.get(record.id)?.closedByPeer || undefined)
  expect(await balance(accountId)).toMatchObject({ posted: '10', held: '0' })
})
