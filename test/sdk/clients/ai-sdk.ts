import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { AISDKError, APICallError, RetryError } from 'ai'
import { embed, hear, image, speak } from './ai-media.ts'
import { ask, stream } from './ai-text.ts'
import { type Call, type Client, type Failure, foreign } from './client.ts'

const settings = ({ baseUrl, apiKey }: Call) => ({ baseURL: baseUrl, apiKey })

/** The AI SDK with its provider for OpenAI. */
export function aiOpenaiClient(): Client {
  const openai = (call: Call) => createOpenAI(settings(call))
  return aiClient({
    chat: ask((call) => openai(call).chat(call.model)),
    'chat stream': stream((call) => openai(call).chat(call.model)),
    completions: ask((call) => openai(call).completion(call.model)),
    'completions stream': stream((call) => openai(call).completion(call.model)),
    responses: ask((call) => openai(call).responses(call.model)),
    'responses stream': stream((call) => openai(call).responses(call.model)),
    embeddings: embed((call) => openai(call).embedding(call.model)),
    images: image((call) => openai(call).image(call.model)),
    speech: speak((call) => openai(call).speech(call.model)),
    transcription: hear((call) => openai(call).transcription(call.model)),
  })
}

/** The AI SDK with its provider for whatever calls itself compatible. */
export function aiCompatibleClient(): Client {
  const compatible = (call: Call) =>
    createOpenAICompatible({
      name: 'tollkeeper',
      ...settings(call),
      includeUsage: call.asksUsage,
    })
  return aiClient({
    chat: ask((call) => compatible(call).chatModel(call.model)),
    'chat stream': stream((call) => compatible(call).chatModel(call.model)),
    completions: ask((call) => compatible(call).completionModel(call.model)),
    'completions stream': stream((call) => compatible(call).completionModel(call.model)),
    embeddings: embed((call) => compatible(call).embeddingModel(call.model)),
    images: image((call) => compatible(call).imageModel(call.model)),
  })
}

/** The AI SDK with its provider for Anthropic. */
export function aiAnthropicClient(): Client {
  const messages = (call: Call) => createAnthropic(settings(call))(call.model)
  return aiClient({
    messages: ask(messages),
    'messages stream': stream(messages),
  })
}

function aiClient(abilities: Client['abilities']): Client {
  const dresses = { completions: asTranscript, 'completions stream': asTranscript }
  return { readsShouldRetry: false, timeoutOf: 'call', abilities, dresses, failureOf }
}

/** Where there are no messages it writes them down as a play. */
function asTranscript(prompt: string): string {
  return `user:\n${prompt}\n\nassistant:\n`
}

/** The SDK hands the error of a broken stream on as the provider has read it. */
function failureOf(thrown: unknown): Failure {
  const error = RetryError.isInstance(thrown) ? thrown.lastError : thrown
  if (APICallError.isInstance(error)) {
    const { statusCode: status = null, name, message, data } = error
    const kind = status === null ? 'connection' : 'status'
    return { kind, name, status, code: codeOf(data), message }
  }
  if (error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name)) {
    const kind = error.name === 'AbortError' ? 'abort' : 'timeout'
    return { kind, name: error.name, status: null, code: null, message: error.message }
  }
  if (AISDKError.isInstance(error)) {
    const { name, message } = error
    return { kind: 'stream', name, status: null, code: codeOf({ error }), message }
  }
  return foreign(error)
}

/** OpenAI's errors have a code; Anthropic's have only a type. */
function codeOf(data: unknown): string | null {
  const { code, type } = (data as { error?: { code?: string | null; type?: string } })?.error ?? {}
  return code === undefined ? (type ?? null) : code
}
