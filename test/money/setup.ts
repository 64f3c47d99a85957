import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** Micro-credits of a token of any class at the fallback rate: 10 credits per 1,000. */
export const TOKEN = 10_000n

/** Sets the output tokens that a stream of the default tier holds at a time. */
export async function setSlice(proxy: Tollkeeper, tokens: number): Promise<void> {
  await proxy.admin('PUT', '/tiers/default', { hold_output_tokens: tokens })
  await eventually(() => {
    const tier = proxy.app.database.catalogue().tiers.get('default')
    return tier?.holdOutputTokens === tokens || undefined
  })
}

/** Waits for the worker that counts prompts, and takes its time to start. */
export async function countsPrompts({ app }: Tollkeeper): Promise<void> {
  await eventually(async () => (await app.tokenizer.count('Hello')) ?? undefined, 60)
}

type Pricing = {
  /** USD per million tokens. */
  input: string
  output: string
  maxOutputTokens?: number
  /** Output tokens that a stream of it holds at a time. */
  sliceTokens?: number
}

/** Gives a model a price and limits of its own. */
export async function setModel(proxy: Tollkeeper, model: string, pricing: Pricing): Promise<void> {
  const { input, output, maxOutputTokens = null, sliceTokens = null } = pricing
  const limits = { max_output_tokens: maxOutputTokens, hold_output_tokens: sliceTokens }
  await proxy.admin('PUT', `/models/${model}`, limits)
  await proxy.admin('POST', '/prices', { provider: 'openai', model, input, output })
  await eventually(() => {
    const { models, priceAt } = proxy.app.database.catalogue()
    return (models.has(model) && priceAt('openai', model, new Date()) !== null) || undefined
  })
}

/** The record of a settled request, its money in micro-credits. */
export async function recordOf(proxy: Tollkeeper, requestId: string) {
  const record = await proxy.settled(requestId)
  const [money] = await proxy.sql<{ hold: string; charged: string; uncollected: string }[]>`
    select hold, charged, uncollected from requests where id = ${requestId}`
  if (money === undefined) throw new Error(`no record of ${requestId}`)
  return {
    ...record,
    hold: BigInt(money.hold),
    charged: BigInt(money.charged),
    uncollected: BigInt(money.uncollected),
  }
}

/** Posted and held of an account, as decimal strings of credits. */
export async function balanceOf(proxy: Tollkeeper, accountId: string) {
  const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
  return { posted: body.posted as string, held: body.held as string }
}
