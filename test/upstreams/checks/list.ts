import { stopsAt, streamed, streamedUsage, whole } from './answers.ts'
import type { Check } from './check.ts'
import { clientLeaves, runsDry, serverAway, serverDies } from './endings.ts'
import { audit, crowd, embeddings, models } from './others.ts'
import { badRequests, promptTooLong, unknownModel, unknownModelStreamed } from './refusals.ts'
import { CHAT, COMPLETIONS, MESSAGES, RESPONSES } from './samples.ts'
import { sdkEmbeddings, sdkError, sdkLeaves, sdkStream, sdkWhole } from './sdk.ts'

/** The rows of the table, in their order. */
const ROWS = {
  'a whole answer': whole(CHAT),
  'a stream': streamed(CHAT),
  'a stream with its usage': streamedUsage,
  'stops at max_tokens': stopsAt('max_tokens', false),
  'stops at max_tokens, stream': stopsAt('max_tokens', true),
  'stops at max_completion_tokens': stopsAt('max_completion_tokens', false),
  'eight streams at once': crowd,
  'the client leaves': clientLeaves,
  'credits run out': runsDry,
  'an unknown model': unknownModel,
  'an unknown model, stream': unknownModelStreamed,
  'bad requests': badRequests,
  'a prompt too long': promptTooLong,
  'the list of models': models,
  embeddings: embeddings('float'),
  'embeddings, base64': embeddings('base64'),
  completions: whole(COMPLETIONS),
  'completions, stream': streamed(COMPLETIONS),
  responses: whole(RESPONSES),
  'responses, stream': streamed(RESPONSES),
  messages: whole(MESSAGES),
  'messages, stream': streamed(MESSAGES),
  'openai: a whole answer': sdkWhole,
  'openai: a stream': sdkStream,
  'openai: embeddings': sdkEmbeddings,
  'openai: an unknown model': sdkError,
  'openai: the client leaves': sdkLeaves,
} satisfies Record<string, Check>

/** Run at the end, once for each server: nothing but the books can be looked at afterwards. */
const LAST_ROWS = {
  'the server dies in a stream': serverDies,
  'the server is away': serverAway,
  'the audit': audit,
} satisfies Record<string, Check>

export type Title = keyof typeof ROWS | keyof typeof LAST_ROWS

export const CHECKS = Object.entries(ROWS) as [Title, Check][]
export const LAST_CHECKS = Object.entries(LAST_ROWS) as [Title, Check][]
