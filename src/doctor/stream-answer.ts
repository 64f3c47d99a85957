import { SseScanner } from '../wire/sse/sse-scanner.ts'
import { type Answered, isObject, parse } from './heard.ts'
import { type Report, readReport } from './report.ts'
import { finishOf, hasId, type Said, saidIn } from './whole-answer.ts'

/** An event stream, as it was sent. */
export type StreamAnswer = {
  /** Events that are chunks of a chat completion, and those of them that say something. */
  chunks: number
  speaking: number
  /** Speaking chunks that report usage. */
  reporting: number
  hasId: boolean
  said: Said
  finish: string | null
  hasDone: boolean
  /** The last report, and the kind of chunk it was in. */
  report: Report | null
  reportedIn: 'own_chunk' | 'finish_chunk' | 'speaking_chunk' | null
  /** What stands under `error`, where that is not null. */
  error: unknown
}

type Chunk = Record<string, unknown>

/** Reads the events of a body; comments and what is no JSON are left out. */
export function readStreamAnswer({ body }: Answered): StreamAnswer {
  const answer: StreamAnswer = {
    chunks: 0,
    speaking: 0,
    reporting: 0,
    hasId: false,
    said: { content: 0, reasoning: 0 },
    finish: null,
    hasDone: false,
    report: null,
    reportedIn: null,
    error: null,
  }
  for (const data of eventsIn(body)) {
    if (data.trim() === '[DONE]') answer.hasDone = true
    const value = parse(data)
    if (!isObject(value)) continue
    answer.error ??= value.error ?? null
    if (Array.isArray(value.choices) || isObject(value.usage)) readChunk(answer, value)
  }
  return answer
}

function readChunk(answer: StreamAnswer, chunk: Chunk): void {
  const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined
  const { delta, finish_reason: finish } = isObject(choice) ? choice : {}
  const { content, reasoning } = saidIn(delta)
  const speaks = content + reasoning > 0
  const report = readReport(chunk)
  answer.chunks += 1
  answer.speaking += speaks ? 1 : 0
  answer.hasId ||= hasId(chunk)
  answer.said.content += content
  answer.said.reasoning += reasoning
  answer.finish ??= finishOf(finish)
  if (report === null) return
  answer.report = report
  answer.reporting += speaks ? 1 : 0
  const inChoice = speaks ? 'speaking_chunk' : 'finish_chunk'
  answer.reportedIn = isObject(choice) ? inChoice : 'own_chunk'
}

function eventsIn(body: string): string[] {
  const scanner = new SseScanner(Number.POSITIVE_INFINITY) // the body is bounded already
  const events = scanner.push(Buffer.from(body)).map(({ data }) => data)
  const last = scanner.end()
  return last === null ? events : [...events, last.data]
}
