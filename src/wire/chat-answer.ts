import { type Delivered, readUsage, type Usage } from '../domain/usage.ts'

/** What Tollkeeper reads of a chat completion that came as one JSON document. */
export type ChatAnswer = {
  /** A 200 with an error in it is an error (W-39); its object or text, else null. */
  error: unknown
  /** How many choices it has; null is not a chat completion. */
  choices: number | null
  usage: Usage | null
  /** The usage as the upstream wrote it. */
  wireUsage: unknown
  delivered: Delivered
  /** The text of all choices, for a tokenizer. */
  completion: string
}

/** Reads a whole answer. Never throws: what is not a chat completion is `choices: null`. */
export function readChatAnswer(body: string): ChatAnswer {
  const value = parse(body)
  const choices = Array.isArray(value?.choices) ? value.choices : null
  const completion = (choices ?? []).map(completionOf).join('')
  return {
    error: value?.error ?? null,
    choices: choices?.length ?? null,
    usage: readUsage(value?.usage),
    wireUsage: value?.usage,
    delivered: { chunkCount: 0, completionLength: completion.length },
    completion,
  }
}

function completionOf(choice: unknown): string {
  const message = record(record(choice)?.message)
  if (message === null) return ''
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : []
  const functions = [...calls.map((call) => record(call)?.function), message.function_call]
  const texts = [
    message.content,
    message.refusal,
    message.reasoning_content ?? message.reasoning,
    ...functions.flatMap((call) => [record(call)?.name, record(call)?.arguments]),
  ]
  return texts.filter((text) => typeof text === 'string').join('')
}

function parse(body: string): Record<string, unknown> | null {
  try {
    return record(JSON.parse(body))
  } catch {
    return null
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}
