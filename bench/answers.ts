/**
 * The bytes both ends agree on: the upstream writes them, the load generator expects exactly them.
 * Constant ids and times, so that one answer equals the next and a check is one memory compare.
 */

/** The public model name; it is in the price table, so that a charge is really worked out. */
export const MODEL = 'gpt-4o-mini'

const ID = 'chatcmpl-bench000000'
const CREATED = 1_763_800_000
const PROMPT_TOKENS = 48
const JSON_COMPLETION_TOKENS = 128
/** Characters of text in the JSON answer; makes the whole body about 1.0 KB. */
const JSON_TEXT_CHARS = 680

export const DONE = 'data: [DONE]\n\n'

/** What a streamed answer consists of. */
export interface StreamShape {
  /** Content events before the usage event and [DONE]. */
  chunks: number
  /** Whether a final usage event is part of the answer. */
  usage: boolean
}

/** The body of every non-stream answer. */
export const JSON_ANSWER = Buffer.from(
  JSON.stringify({
    id: ID,
    object: 'chat.completion',
    created: CREATED,
    model: MODEL,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text(JSON_TEXT_CHARS), refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: usage(JSON_COMPLETION_TOKENS),
    system_fingerprint: 'fp_bench',
  }),
)

/** One content event of about 195 bytes; the first names the role, the last the finish reason. */
export function contentEvent(index: number, chunks: number): string {
  const content = ` word-${String(index).padStart(6, '0')}`
  const delta = index === 0 ? { role: 'assistant', content } : { content }
  const finish_reason = index === chunks - 1 ? 'stop' : null
  return event([{ index: 0, delta, finish_reason }])
}

/** What follows the last content event: the usage event where it is wanted, and [DONE]. */
export function closingEvents({ chunks, usage: wanted }: StreamShape): string {
  return (wanted ? event([], usage(chunks)) : '') + DONE
}

/** The whole payload of a stream as the client must receive it, without transfer framing. */
export function streamPayload(shape: StreamShape): Buffer {
  let payload = ''
  for (let index = 0; index < shape.chunks; index++) payload += contentEvent(index, shape.chunks)
  return Buffer.from(payload + closingEvents(shape))
}

function event(choices: object[], counts?: object): string {
  const head = { id: ID, object: 'chat.completion.chunk', created: CREATED, model: MODEL }
  return `data: ${JSON.stringify({ ...head, choices, ...(counts && { usage: counts }) })}\n\n`
}

function usage(completion: number): object {
  return {
    prompt_tokens: PROMPT_TOKENS,
    completion_tokens: completion,
    total_tokens: PROMPT_TOKENS + completion,
  }
}

function text(chars: number): string {
  return 'The quick brown fox jumps over the lazy dog. '.repeat(chars).slice(0, chars)
}
