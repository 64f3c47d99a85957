import { type Answered, isObject, parse } from './heard.ts'
import { type Report, readReport } from './report.ts'

/** Characters of an answer, by what they are. */
export type Said = { content: number; reasoning: number }

/** A chat completion in one piece, as it was sent. */
export type WholeAnswer = {
  /** It has choices. */
  isCompletion: boolean
  hasId: boolean
  said: Said
  finish: string | null
  report: Report | null
  /** What stands under `error`, where that is not null. */
  error: unknown
}

export function readWholeAnswer({ body }: Answered): WholeAnswer {
  const parsed = parse(body)
  const value = isObject(parsed) ? parsed : {}
  const choice = Array.isArray(value.choices) ? value.choices[0] : undefined
  const { message, finish_reason: finish } = isObject(choice) ? choice : {}
  return {
    isCompletion: isObject(choice),
    hasId: hasId(value),
    said: saidIn(message),
    finish: finishOf(finish),
    report: readReport(value),
    error: value.error ?? null,
  }
}

/** What a message or a delta says. */
export function saidIn(message: unknown): Said {
  if (!isObject(message)) return { content: 0, reasoning: 0 }
  const reasoning = message.reasoning_content ?? message.reasoning
  return { content: lengthOf(message.content), reasoning: lengthOf(reasoning) }
}

export function hasId({ id }: Record<string, unknown>): boolean {
  return typeof id === 'string' && id !== ''
}

export function finishOf(finish: unknown): string | null {
  return typeof finish === 'string' && finish !== '' ? finish : null
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0
}
