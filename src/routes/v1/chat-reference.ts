import { Type } from '@sinclair/typebox'
import { CHOICES_MAX } from '../../wire/requests/choices-request.ts'

const limit = { minimum: 1, description: 'Output tokens a choice; the lower of both names counts.' }

/** The fields Tollkeeper reads. All others are the upstream's, and pass untouched. */
const ChatRequestBody = Type.Object(
  {
    model: Type.String({ minLength: 1, description: 'A name of `/v1/models`.' }),
    messages: Type.Array(Type.Unknown()),
    stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
    stream_options: Type.Optional(
      Type.Union([
        Type.Object({
          include_usage: Type.Optional(
            Type.Boolean({ description: 'Ends the stream with a chunk that has the usage.' }),
          ),
        }),
        Type.Null(),
      ]),
    ),
    max_completion_tokens: Type.Optional(Type.Union([Type.Integer(limit), Type.Null()])),
    max_tokens: Type.Optional(Type.Union([Type.Integer(limit), Type.Null()])),
    n: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: CHOICES_MAX }), Type.Null()])),
  },
  { title: 'ChatRequest', additionalProperties: true },
)

/**
 * For the reference alone: requests and answers pass byte for byte, so nothing is checked by it.
 */
export const chatSchema = {
  summary: 'Complete a chat, as an event stream or in one piece',
  description: [
    'As at OpenAI. A failure after the first byte of a stream is an event `data: {"error": ...}`,',
    'and no `[DONE]` follows.',
  ].join(' '),
  reads: ChatRequestBody,
  answers: {
    200: {
      description: 'What the upstream answered.',
      content: {
        'application/json': { schema: Type.Object({}, { additionalProperties: true }) },
        'text/event-stream': { schema: Type.String() },
      },
    },
  },
}
