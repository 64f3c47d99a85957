import type { ToolCalls } from '../../domain/usage/tool-calls.ts'
import { largerUsage, type Usage } from '../../domain/usage/usage.ts'
import type { ProxyError } from '../../errors.ts'
import { asObject, parseObject } from '../answers/answer.ts'
import type { ErrorShape } from '../error-shape.ts'
import { type Edits, editMembers } from '../json/json-edits.ts'
import { oddUsage } from '../usage/odd-usage.ts'
import { ToolCallCounter } from '../usage/tool-calls.ts'
import { DeliveredText } from './delivered-text.ts'
import { sseEvent } from './events.ts'
import type { SseEvent } from './sse-scanner.ts'
import {
  DONE,
  FORWARD,
  GARBAGE,
  type StreamTap,
  type TapOptions,
  type Verdict,
  WITHHOLD,
} from './stream-tap.ts'

/** The data of an event. */
export type EventData = Record<string, unknown>

/** How the events of one API are read. */
export type EventReader = {
  errors: ErrorShape
  /** Events of this type are not part of the answer yet. */
  isPrelude?(type: string): boolean
  /** The text an event delivers; anything else is none. */
  textOf(event: EventData, type: string): unknown
  /** The text of the whole answer, as the event that ends it has it. */
  wholeTextOf?(event: EventData): string
  /** Output tokens that an event delivers and that are not text. */
  mediaTokensOf?(type: string, event: EventData): number
  /** @param before what was reported before it */
  usageOf(event: EventData, before: Usage | null): Usage | null
  /** Counts the calls of tools of an event. */
  countCalls?(event: EventData, type: string, calls: ToolCallCounter): void
  /** How the answer ends with this event: `here` when the upstream may end after it. */
  endOf(type: string, event: EventData): 'complete' | 'failed' | 'here' | null
  /** The error of an event that ends a failed answer. */
  errorOf?(event: EventData): unknown
  /** The member of an event in which the model stands, beside the event itself. */
  modelIn?: string
  /** The last event where an upstream left it out; none by default. */
  closing?: string
  /** Clients read events that say nothing; others stumble on them (W-54). */
  keepsPings?: true
}

const PINGS = new Set(['ping', 'keepalive'])

/**
 * Reads a stream of named events as it passes: counts what was delivered, keeps the last usage,
 * finds errors in band and the event that ends the answer, and gives every event the name that its
 * `type` says (W-58, W-65, W-94).
 */
export class EventTap extends DeliveredText implements StreamTap {
  readonly named = true
  usage: Usage | null = null
  begun = false
  finished = false
  oddUsage: string | null = null
  readonly #calls = new ToolCallCounter()
  readonly #reader: EventReader
  readonly #alias: string | null
  #sequence = 0
  #last: string | null = null

  constructor(reader: EventReader, { keepText, alias = null }: TapOptions) {
    super(keepText)
    this.#reader = reader
    this.#alias = alias
  }

  get toolCalls(): ToolCalls | undefined {
    return this.#calls.calls
  }

  read(event: SseEvent): Verdict {
    this.nextEvent()
    if (event.data === '[DONE]') return this.finished ? DONE : WITHHOLD
    const data = parseObject(event.data)
    if (data === null) return GARBAGE
    const type = typeof data.type === 'string' ? data.type : event.name
    if (type === 'error' || (type === undefined && (data.error ?? null) !== null)) {
      return { kind: 'error', error: data.error ?? data }
    }
    if (type === undefined) return GARBAGE
    if (PINGS.has(type)) return this.#ping(event, type)
    return this.#take(event, data, type)
  }

  ending(): string {
    return this.#last ?? this.#reader.closing ?? ''
  }

  failing(error: ProxyError): string {
    return this.#reader.errors.event(error, this.#sequence)
  }

  usageEvent(): string {
    return ''
  }

  /** Nothing begins with a ping. */
  #ping({ name, data }: SseEvent, type: string): Verdict {
    if (!this.begun || !this.#reader.keepsPings) return WITHHOLD
    return name === type ? FORWARD : { kind: 'rewrite', data, name: type }
  }

  #take(event: SseEvent, data: EventData, type: string): Verdict {
    const reader = this.#reader
    const end = reader.endOf(type, data)
    if (!reader.isPrelude?.(type) && end !== 'failed') this.begun = true
    this.#count(data, type, end !== null)
    if (typeof data.sequence_number === 'number') this.#sequence = data.sequence_number + 1
    reader.countCalls?.(data, type, this.#calls)
    this.#readUsage(data)
    this.oddUsage ??= oddUsage(data.usage ?? asObject(data.response ?? data.message)?.usage)
    if (end === 'failed') {
      const last = (message: string) =>
        sseEvent(this.#rewritten(event.data, data, type, message), type)
      return { kind: 'error', error: reader.errorOf?.(data), last }
    }
    const sent = this.#rewritten(event.data, data, type)
    this.finished = end !== null
    if (end === 'complete') {
      this.#last = sseEvent(sent, type)
      return DONE
    }
    if (sent === event.data && event.name === type) return FORWARD
    return { kind: 'rewrite', data: sent, name: type }
  }

  #count(data: EventData, type: string, isLast: boolean): void {
    const { wholeTextOf } = this.#reader
    this.add(this.#reader.textOf(data, type))
    if (isLast && this.completionLength === 0) this.add(wholeTextOf?.(data))
    const media = this.#reader.mediaTokensOf?.(type, data) ?? 0
    this.mediaTokens += media
    if (this.hasText || media > 0) this.chunkCount += 1
  }

  #readUsage(data: EventData): void {
    const usage = this.#reader.usageOf(data, this.usage)
    if (usage === null) return
    const kept = largerUsage(this.usage, usage)
    this.reported(this.usage, kept)
    this.usage = kept
  }

  /**
   * The data under the public name of the model, and with the type that the event's name says.
   * @param message what is said of its error, which may tell of the upstream's insides (W-37)
   */
  #rewritten(text: string, data: EventData, type: string, message?: string): string {
    const { modelIn = '' } = this.#reader
    const { model, error } = asObject(data[modelIn]) ?? {}
    const within: Edits = {}
    if (this.#alias !== null && model !== undefined) within.model = JSON.stringify(this.#alias)
    if (message !== undefined && isThere(error)) within.error = errorText(error, message)
    const edits: Edits = {}
    if (data.type === undefined) edits.type = JSON.stringify(type)
    if (Object.keys(within).length > 0) edits[modelIn] = within
    return Object.keys(edits).length === 0 ? text : editMembers(text, edits)
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** An error of a response: a code and a message, and nothing else. */
function errorText(error: unknown, message: string): string {
  const { code } = asObject(error) ?? {}
  return JSON.stringify({ code: typeof code === 'string' ? code : 'server_error', message })
}
