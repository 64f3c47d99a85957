import { type Delivered, largerUsage, readUsage, type Usage } from '../domain/usage.ts'
import { editMembers } from './json-members.ts'
import type { SseEvent } from './sse-scanner.ts'

/** What the relay does with an event. */
export type Verdict =
  | { kind: 'forward' }
  | { kind: 'rewrite'; data: string }
  | { kind: 'withhold' }
  | { kind: 'done' }
  /** The upstream reported an error in the stream; `error` is its object or text. */
  | { kind: 'error'; error: unknown }
  /** Not a chunk of a chat completion. */
  | { kind: 'garbage' }

const FORWARD: Verdict = { kind: 'forward' }
const WITHHOLD: Verdict = { kind: 'withhold' }
const DONE: Verdict = { kind: 'done' }
const GARBAGE: Verdict = { kind: 'garbage' }
const NULL_USAGE = ',"usage":null'

type Chunk = Record<string, unknown> & { choices?: unknown }

/**
 * Reads a chat completion stream as it passes: counts what was delivered, keeps the last usage,
 * finds errors in band, and takes out the usage that Tollkeeper asked for and the client did not
 * (W-84, W-85, W-90).
 */
export class UsageTap implements Delivered {
  chunkCount = 0
  completionLength = 0
  usage: Usage | null = null
  /** The usage chunk the client asked for has passed. */
  usageForwarded = false
  /** The usage as the upstream wrote it. */
  #wireUsage: unknown = null
  /** The first chunk: id, created and model of the stream, for a usage chunk of our own. */
  first: Chunk | null = null
  /** The text delivered, kept only where a tokenizer will count it. */
  completion: string[] | null
  readonly #wantsUsage: boolean
  readonly #alias: string | null
  /** The counts before the last event. */
  #before = { chunkCount: 0, completionLength: 0, pieces: 0 }
  readonly #begun = new Set<unknown>()
  readonly #finished = new Set<unknown>()

  /** @param options.alias the public model name where the upstream uses another (W-18) */
  constructor(options: { wantsUsage: boolean; keepText: boolean; alias?: string | null }) {
    this.#wantsUsage = options.wantsUsage
    this.#alias = options.alias ?? null
    this.completion = options.keepText ? [] : null
  }

  /** Every choice that began has its finish_reason: an end without [DONE] is still an end. */
  get finished(): boolean {
    return this.#begun.size > 0 && this.#finished.size === this.#begun.size
  }

  read(event: SseEvent): Verdict {
    this.#remember()
    if (event.data === '[DONE]') return DONE
    const chunk = parseChunk(event.data)
    if (chunk === null) return event.data.trim() === '[DONE]' ? DONE : GARBAGE
    if (chunk.error !== undefined && chunk.error !== null) {
      return { kind: 'error', error: chunk.error }
    }
    const choices = Array.isArray(chunk.choices) ? chunk.choices : []
    if (chunk.choices === undefined && chunk.usage === undefined) return WITHHOLD
    this.first ??= chunk
    for (const choice of choices) this.#count(choice)
    return this.#renamed(this.#pass(event, chunk, choices.length), event.data)
  }

  /** Whether the last event has text. */
  get hasText(): boolean {
    return this.completionLength > this.#before.completionLength
  }

  /** The last event is not delivered after all: it does not count. */
  takeBack(): void {
    const { chunkCount, completionLength, pieces } = this.#before
    this.chunkCount = chunkCount
    this.completionLength = completionLength
    this.completion?.splice(pieces)
  }

  /**
   * A usage chunk in the shape of the stream, for a client that asked and was not sent one.
   * @param estimated told where the upstream reported nothing
   */
  usageChunk(estimated: Usage): string {
    return JSON.stringify({
      id: this.first?.id,
      object: 'chat.completion.chunk',
      created: this.first?.created,
      model: this.#alias ?? this.first?.model,
      choices: [],
      usage: this.#wireUsage ?? usageBody(estimated),
    })
  }

  #remember(): void {
    this.#before.chunkCount = this.chunkCount
    this.#before.completionLength = this.completionLength
    this.#before.pieces = this.completion?.length ?? 0
  }

  #renamed(verdict: Verdict, data: string): Verdict {
    if (this.#alias === null || (verdict.kind !== 'forward' && verdict.kind !== 'rewrite')) {
      return verdict
    }
    const passed = verdict.kind === 'rewrite' ? verdict.data : data
    return { kind: 'rewrite', data: editMembers(passed, { model: JSON.stringify(this.#alias) }) }
  }

  #pass(event: SseEvent, chunk: Chunk, choices: number): Verdict {
    const hasError = 'error' in chunk // null here: some clients take the mere key for an error
    if (chunk.usage === undefined && chunk.x_groq === undefined && !hasError) return FORWARD
    const usable = this.#readUsage(chunk)
    const isUsageChunk = choices === 0 && (chunk.usage ?? null) !== null
    if (isUsageChunk) {
      const wellFormed = usable && Array.isArray(chunk.choices)
      if (!this.#wantsUsage || this.usageForwarded || !wellFormed) return WITHHOLD
      this.usageForwarded = true
    }
    const keepsUsage = this.#wantsUsage && (isUsageChunk || chunk.usage === null)
    const dropsUsage = !keepsUsage && chunk.usage !== undefined
    if (!dropsUsage && !hasError) return FORWARD
    const { data } = event
    if (!dropsUsage) return { kind: 'rewrite', data: editMembers(data, { error: null }) }
    if (chunk.usage === null && !hasError) return { kind: 'rewrite', data: withoutNullUsage(data) }
    return { kind: 'rewrite', data: editMembers(data, { error: null, usage: null }) }
  }

  /** @returns whether the chunk has a usage that can be charged; the largest is kept (W-90) */
  #readUsage({ usage, x_groq: groq }: Chunk): boolean {
    const wire = usage ?? (isRecord(groq) ? groq.usage : null)
    const reported = readUsage(wire)
    if (reported === null) return false
    const kept = largerUsage(this.usage, reported)
    if (kept === reported) this.#wireUsage = wire
    this.usage = kept
    return true
  }

  #count(choice: unknown): void {
    if (!isRecord(choice)) return
    const { index = 0, delta, finish_reason: finish } = choice
    this.#begun.add(index)
    if (finish) this.#finished.add(index)
    if (!isRecord(delta)) return
    const before = this.completionLength
    this.#add(delta.content)
    this.#add(delta.refusal)
    this.#add(delta.reasoning_content ?? delta.reasoning)
    if (delta.function_call) this.#addCall(delta.function_call)
    if (Array.isArray(delta.tool_calls)) {
      for (const call of delta.tool_calls) this.#addCall(isRecord(call) ? call.function : null)
    }
    if (this.completionLength > before) this.chunkCount += 1
  }

  #addCall(call: unknown): void {
    if (!isRecord(call)) return
    this.#add(call.name)
    this.#add(call.arguments)
  }

  #add(text: unknown): void {
    if (typeof text !== 'string') return
    this.completionLength += text.length
    this.completion?.push(text)
  }
}

/** A `usage` object of our own, where the upstream sent none. */
export function usageBody({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

function parseChunk(data: string): Chunk | null {
  try {
    const value: unknown = JSON.parse(data)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

/** The same as editMembers, but quick: many upstreams write it into every chunk. */
function withoutNullUsage(data: string): string {
  const at = data.indexOf(NULL_USAGE)
  const key = '"usage"'
  const isOnly = at > 0 && data.indexOf(key) === at + 1 && data.lastIndexOf(key) === at + 1
  if (!isOnly) return editMembers(data, { usage: null })
  return data.slice(0, at) + data.slice(at + NULL_USAGE.length)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
