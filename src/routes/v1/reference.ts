import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { IMAGES_MAX } from '../../wire/answers/image-answer.ts'
import { chatSchema } from './chat-reference.ts'

const Model = Type.String({ minLength: 1, description: 'A name of `/v1/models`.' })
const Stream = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
const Limit = Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]))
const LimitOrNone = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]))
const TextOrList = Type.Union([Type.String(), Type.Array(Type.Unknown())])

const Images = Type.Optional(Type.Integer({ minimum: 1, maximum: IMAGES_MAX }))
const Flag = Type.Union([Type.Literal('true'), Type.Literal('false')])

const Json = Type.Object({}, { additionalProperties: true })
const Text = Type.String()
const JSON_ONLY = { 'application/json': { schema: Json } }
const JSON_OR_EVENTS = { ...JSON_ONLY, 'text/event-stream': { schema: Text } }

type Forms = Record<string, { schema: TSchema }>

const File = Type.Unsafe({ type: 'string', format: 'binary' })
const AUDIO = { file: File, response_format: Type.Optional(Type.String()) }
const FORM = { consumes: ['multipart/form-data'] }

/** The fields Tollkeeper reads, and the forms of the answer; nothing is checked by it. */
function schemaOf(
  title: string,
  summary: string,
  fields: Record<string, TSchema>,
  content: Forms,
): FastifySchema {
  return {
    summary,
    reads: Type.Object({ model: Model, ...fields }, { title, additionalProperties: true }),
    answers: { 200: { description: 'What the upstream answered.', content } },
  }
}

/** Of each metered endpoint, what the reference says. */
export const REFERENCE: Record<string, FastifySchema> = {
  '/chat/completions': chatSchema,
  '/completions': schemaOf(
    'CompletionRequest',
    'Complete a text, as an event stream or in one piece',
    { prompt: TextOrList, stream: Stream, max_tokens: LimitOrNone, n: Limit, best_of: Limit },
    JSON_OR_EVENTS,
  ),
  '/responses': schemaOf(
    'ResponseRequest',
    'Make a response, as an event stream or in one piece',
    { input: TextOrList, stream: Stream, max_output_tokens: Limit },
    JSON_OR_EVENTS,
  ),
  '/messages': schemaOf(
    'MessagesRequest',
    "Make a message, in Anthropic's API, as an event stream or in one piece",
    { messages: Type.Array(Type.Unknown()), stream: Stream, max_tokens: LimitOrNone },
    JSON_OR_EVENTS,
  ),
  '/messages/count_tokens': schemaOf(
    'CountTokensRequest',
    'Count the tokens of messages, free',
    { messages: Type.Array(Type.Unknown()) },
    JSON_ONLY,
  ),
  '/embeddings': schemaOf(
    'EmbeddingsRequest',
    'Embed texts or token ids',
    { input: TextOrList, encoding_format: Type.Optional(Type.String()) },
    JSON_ONLY,
  ),
  '/moderations': schemaOf(
    'ModerationRequest',
    'Classify texts and images',
    { input: TextOrList },
    JSON_ONLY,
  ),
  '/images/generations': schemaOf(
    'ImageRequest',
    'Make images',
    {
      prompt: Type.String(),
      n: Images,
      stream: Stream,
    },
    JSON_OR_EVENTS,
  ),
  '/audio/speech': schemaOf(
    'SpeechRequest',
    'Speak a text, as audio or as an event stream',
    { input: Type.String(), stream_format: Type.Optional(Type.String()) },
    {
      'audio/*': { schema: File },
      'text/event-stream': { schema: Text },
    },
  ),
  '/images/edits': {
    ...schemaOf(
      'ImageEditRequest',
      'Make images from images',
      { prompt: Type.String(), image: File, n: Images, stream: Type.Optional(Flag) },
      JSON_OR_EVENTS,
    ),
    ...FORM,
  },
  '/audio/transcriptions': {
    ...schemaOf(
      'TranscriptionRequest',
      'Write down what is said',
      { ...AUDIO, stream: Type.Optional(Flag) },
      { ...JSON_OR_EVENTS, 'text/plain': { schema: Text } },
    ),
    ...FORM,
  },
  '/audio/translations': {
    ...schemaOf('TranslationRequest', 'Write down what is said, in English', AUDIO, {
      ...JSON_ONLY,
      'text/plain': { schema: Text },
    }),
    ...FORM,
  },
}
