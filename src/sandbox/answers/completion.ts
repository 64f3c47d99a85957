import type { Answer, Part } from './answer.ts'
import { type Envelope, FINGERPRINT } from './chunk.ts'
import { replyText } from './reply.ts'

/** The JSON text of a whole answer with `count` choices; `usage` is a further member or ''. */
export function completionJson(
  envelope: Envelope,
  count: number,
  answer: Answer,
  usage: string,
): string {
  const { id, created, model } = envelope
  const message = JSON.stringify(messageOf(answer.parts))
  const choices = Array.from(
    { length: count },
    (_, index) =>
      `{"index":${index},"message":${message},"logprobs":null,"finish_reason":"${answer.finish}"}`,
  )
  const head = `{"id":"${id}","object":"chat.completion","created":${created},"model":${model}`
  const tail = usage === '' ? '}' : `,${usage}}`
  return `${head},"system_fingerprint":"${FINGERPRINT}","choices":[${choices.join(',')}]${tail}`
}

function messageOf(parts: readonly Part[]): object {
  const texts = new Map(parts.map((part) => [part.field, replyText(part.reply)]))
  const name = texts.get('tool_name')
  const reasoning = texts.get('reasoning_content')
  const call = { name, arguments: texts.get('tool_arguments') }
  return {
    role: 'assistant',
    content: texts.get('content') ?? null,
    refusal: null,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(name === undefined
      ? {}
      : { tool_calls: [{ index: 0, id: 'call_sandbox', type: 'function', function: call }] }),
  }
}
