import { ask, askDirectly } from '../ask.ts'
import { expectAnswered, newCustomer, paidBy, recordOf } from '../customer.ts'
import { costOf, micro, reportedUsage } from '../reported.ts'
import { type Check, expectThat } from './check.ts'
import { CHAT } from './samples.ts'

const FLOAT_BYTES = 4
/** Embeddings are at most 1; base64 has them in 32 bits. */
const ROUNDING = 1e-6
/** Characters that are shown of an answer that ends badly. */
const ENDING_CHARS = 300
/** Streams at one time. */
const CROWD = 8

/** The vector that the upstream gives directly, at what the upstream reports. */
export function embeddings(format: 'float' | 'base64'): Check {
  return async (stage) => {
    const bodyOf = (model: string) => ({ model, input: 'hello there', encoding_format: format })
    const path = '/embeddings'
    const direct = await askDirectly(stage, path, bodyOf(stage.upstream.embeddingModel))
    const answer = await ask(stage, path, bodyOf(stage.place.embeddingModel))
    await expectAnswered(stage, answer)
    const vector = answer.json.data[0].embedding
    expectThat(typeof vector === (format === 'float' ? 'object' : 'string'), 'another format')
    const [told, expected] = [numbersOf(vector), numbersOf(direct.json.data[0].embedding)]
    const isSame = told.every((one, at) => Math.abs(one - (expected[at] ?? 2)) < ROUNDING)
    expectThat(isSame && told.length === expected.length, 'it is another vector')
    const record = await recordOf(stage, answer.requestId)
    const said = reportedUsage(stage.tap.heard())
    const tokens = said ?? { prompt: record.prompt_tokens, cached: 0, completion: 0 }
    const charged = micro(record.charged)
    expectThat(
      charged === costOf(tokens) && charged > 0,
      `charged ${record.charged} credits where the upstream reported ${JSON.stringify(said)}`,
    )
    return said === null ? 'estimated' : 'reported'
  }
}

/** The numbers of a vector; an upstream may send them as such, although base64 was asked for. */
function numbersOf(vector: string | number[]): number[] {
  if (typeof vector !== 'string') return vector
  const bytes = Buffer.from(vector, 'base64')
  const count = bytes.length / FLOAT_BYTES
  return Array.from({ length: count }, (_, at) => bytes.readFloatLE(at * FLOAT_BYTES))
}

/** A customer sees the model, in the list and alone. */
export const models: Check = async (stage) => {
  const { key } = await newCustomer(stage)
  const headers = { authorization: `Bearer ${key}` }
  const read = async (path: string): Promise<any> =>
    (await fetch(`${stage.server.origin}/v1${path}`, { headers })).json()
  const { data } = await read('/models')
  const ids = data.map(({ id }: { id: string }) => id)
  expectThat(ids.includes(stage.place.model), `the list has ${ids}`)
  const one = await read(`/models/${stage.place.model}`)
  expectThat(one.object === 'model', `the model is ${JSON.stringify(one)}`)
  return undefined
}

/** Many streams of one account at one time: it pays the sum of what each of them was told. */
export const crowd: Check = async (stage) => {
  const customer = await newCustomer(stage)
  const wanted = { stream: true, stream_options: { include_usage: true } }
  const body = { ...CHAT.ask(stage.place.model), ...wanted }
  const calls = Array.from({ length: CROWD }, () => ask(stage, CHAT.path, body, customer))
  const answers = await Promise.all(calls)
  for (const answer of answers) await expectAnswered(stage, answer)
  const costs = answers.map(({ events, text }) => {
    const usage = events.at(-1)?.usage
    expectThat(usage, `one of them ended with ${text.slice(-ENDING_CHARS)}`)
    return costOf({
      prompt: usage.prompt_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      completion: usage.completion_tokens,
    })
  })
  const sum = costs.reduce((total, cost) => total + cost, 0)
  const paid = micro(String(await paidBy(stage, customer)))
  expectThat(paid === sum, `the account has paid ${paid} micro-credits, and ${sum} is right`)
  return undefined
}

/** The ledger is in order after all of that. */
export const audit: Check = async ({ admin }) => {
  const { ok, violations } = await admin('GET', '/audit')
  expectThat(ok, JSON.stringify(violations))
  return undefined
}
