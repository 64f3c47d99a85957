import { type Answer, ask, askDirectly } from '../ask.ts'
import { newCustomer, paidBy } from '../customer.ts'
import { type Check, expectThat, type Stage } from './check.ts'
import { CHAT } from './samples.ts'

/** More words than any of the servers has room for. */
const TOO_MANY_WORDS = 9_000

const messages = [{ role: 'user', content: 'hello' }]
const BAD_BODIES: object[] = [
  { messages: 'hello' },
  { messages: [] },
  { messages: [{ role: 'nobody', content: 'hello' }] },
  { messages, temperature: 'hot' },
  { messages, max_tokens: 'many' },
]

/** A model that the upstream has not. */
export const unknownModel: Check = async (stage) => {
  const { path, ask: bodyOf } = CHAT
  const direct = await askDirectly(stage, path, bodyOf('no-such-model'))
  return await expectRefused(stage, bodyOf(stage.place.unknownModel), direct)
}

/** The same, of a stream: an error is no stream. */
export const unknownModelStreamed: Check = async (stage) => {
  const { path, ask: bodyOf } = CHAT
  const direct = await askDirectly(stage, path, { ...bodyOf('no-such-model'), stream: true })
  return await expectRefused(stage, { ...bodyOf(stage.place.unknownModel), stream: true }, direct)
}

/** A prompt that does not fit. */
export const promptTooLong: Check = async (stage) => {
  const content = 'word '.repeat(TOO_MANY_WORDS)
  const bodyOf = (model: string) => ({
    model,
    messages: [{ role: 'user', content }],
    max_tokens: 8,
  })
  const direct = await askDirectly(stage, CHAT.path, bodyOf(stage.upstream.model))
  return await expectRefused(stage, bodyOf(stage.place.model), direct)
}

/** Requests that make no sense: those that the upstream refuses keep its status. */
export const badRequests: Check = async (stage) => {
  let refused = 0
  for (const bad of BAD_BODIES) {
    const direct = await askDirectly(stage, CHAT.path, { ...bad, model: stage.upstream.model })
    if (direct.status === 200) continue
    await expectRefused(stage, { ...bad, model: stage.place.model }, direct)
    refused += 1
  }
  expectThat(refused > 0, 'it refuses none of them')
  return `${refused} of ${BAD_BODIES.length}`
}

/**
 * Through Tollkeeper the customer is told the status that the upstream gives directly, in the
 * shape of OpenAI, and pays nothing.
 * @returns the status
 */
async function expectRefused(stage: Stage, body: object, direct: Answer): Promise<string> {
  expectThat(direct.status >= 400, `directly it answers ${direct.status}`)
  const customer = await newCustomer(stage)
  const answer = await ask(stage, CHAT.path, body, customer)
  // What is no mistake of the client is not told as one, and no status of its own either.
  const status = direct.status < 500 ? direct.status : answer.status
  expectThat(
    answer.status === status && answer.status >= 400,
    `answered ${answer.status}, and directly ${direct.status}: ${direct.text.slice(0, 200)}`,
  )
  const { message, type } = answer.json?.error ?? {}
  expectThat(message && type, `it is no error of OpenAI: ${answer.text}`)
  const paid = await paidBy(stage, customer)
  expectThat(paid === 0, `the customer paid ${paid} credits`)
  return String(answer.status)
}
