import OpenAI from 'openai'
import { askDirectly } from '../ask.ts'
import { newCustomer, paidBy, recordOf } from '../customer.ts'
import { expectCharged } from './answers.ts'
import { type Check, expectThat, type Stage } from './check.ts'
import { CHAT, MANY_TOKENS, TOKENS } from './samples.ts'

const messages = [{ role: 'user' as const, content: 'hello there' }]

/** The client, and the id of the record of its last call. */
async function clientOf(stage: Stage) {
  const customer = await newCustomer(stage)
  let requestId = ''
  const client = new OpenAI({
    baseURL: `${stage.server.origin}/v1`,
    apiKey: customer.key,
    maxRetries: 0,
    async fetch(url, init) {
      const response = await fetch(url, init as RequestInit)
      requestId = response.headers.get('x-request-id') ?? ''
      return response
    },
  })
  stage.tap.forget()
  return { client, customer, requestId: () => requestId }
}

export const sdkWhole: Check = async (stage) => {
  const { client, requestId } = await clientOf(stage)
  const body = { model: stage.place.model, messages, max_tokens: TOKENS }
  const { choices } = await client.chat.completions.create(body)
  const text = choices[0]?.message.content ?? ''
  expectThat(text.length > 0, 'there is no text')
  return await expectCharged(stage, answerWith(requestId()), text)
}

export const sdkStream: Check = async (stage) => {
  const { client, requestId } = await clientOf(stage)
  const body = { model: stage.place.model, messages, max_tokens: TOKENS }
  const final = await client.chat.completions.stream(body).finalChatCompletion()
  const text = final.choices[0]?.message.content ?? ''
  expectThat(text.length > 0, 'there is no text')
  return await expectCharged(stage, answerWith(requestId()), text)
}

/** The client asks for base64 by itself, and makes numbers of it. */
export const sdkEmbeddings: Check = async (stage) => {
  const { client, requestId } = await clientOf(stage)
  const { data } = await client.embeddings.create({
    model: stage.place.embeddingModel,
    input: 'hello there',
  })
  const vector = data[0]?.embedding ?? []
  expectThat(vector.length > 1 && vector.every(Number.isFinite), 'there are no numbers')
  const { outcome } = await recordOf(stage, requestId())
  expectThat(outcome === 'completed', `outcome is ${outcome}`)
  return undefined
}

/** The class of its error is that of the status that the upstream gives directly. */
export const sdkError: Check = async (stage) => {
  const direct = await askDirectly(stage, CHAT.path, CHAT.ask('no-such-model'))
  expectThat(direct.status >= 400, `directly it answers ${direct.status}`)
  const { client, customer } = await clientOf(stage)
  const body = { model: stage.place.unknownModel, messages }
  const error = await client.chat.completions.create(body).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expectThat(error instanceof OpenAI.APIError, `it threw ${error}`)
  expectThat(error.status === direct.status, `${error.status}, and directly ${direct.status}`)
  expectThat((await paidBy(stage, customer)) === 0, 'the customer paid for it')
  return error.constructor.name
}

export const sdkLeaves: Check = async (stage) => {
  const { client, customer, requestId } = await clientOf(stage)
  const body = { model: stage.place.model, messages, max_tokens: MANY_TOKENS }
  const stream = await client.chat.completions.create({ ...body, stream: true })
  for await (const { choices } of stream) if (choices[0]?.delta.content) break
  const { outcome } = await recordOf(stage, requestId())
  expectThat(outcome === 'client_gone', `outcome is ${outcome}`)
  expectThat((await paidBy(stage, customer)) > 0, 'the customer paid nothing')
  return undefined
}

/** As much of an answer as its books need. */
function answerWith(requestId: string) {
  return { requestId, status: 200, text: '', json: null, events: [], hasDone: true }
}
