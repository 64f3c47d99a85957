import type { OpenAI } from 'openai'
import type { Act, Call, Client, Observed } from './client.ts'
import { chat, chatStream } from './openai-chat.ts'
import { completions, completionsStream } from './openai-completions.ts'
import { embeddings, images, models, moderations, speech, transcription } from './openai-media.ts'
import { responses, responsesStream } from './openai-responses.ts'
import { stainlessFailure } from './stainless.ts'

type Sdk = typeof OpenAI

/** OpenAI's client for JavaScript; what is used here is the same in all its versions. */
export function openaiClient(sdk: Sdk): Client {
  const act = (run: (client: OpenAI, call: Call, seen: Observed) => Promise<void>): Act => {
    return (call, seen) => run(clientOf(sdk, call), call, seen)
  }
  return {
    readsShouldRetry: true,
    timeoutOf: 'request',
    failureOf: (error) => stainlessFailure(sdk, error),
    abilities: {
      chat: act(chat),
      'chat stream': act(chatStream),
      completions: act(completions),
      'completions stream': act(completionsStream),
      responses: act(responses),
      'responses stream': act(responsesStream),
      models: act(models),
      embeddings: act(embeddings),
      moderations: act(moderations),
      images: act(images),
      speech: act(speech),
      transcription: act(transcription),
    },
  }
}

function clientOf(sdk: Sdk, { baseUrl, apiKey, maxRetries, timeoutMs }: Call): OpenAI {
  const timeout = timeoutMs === null ? {} : { timeout: timeoutMs }
  return new sdk({ baseURL: baseUrl, apiKey, maxRetries, ...timeout })
}
