import { readUsage, withReasoning } from '../../domain/usage/read-usage.ts'
import { largerCalls, type ToolCalls } from '../../domain/usage/tool-calls.ts'
import { largerUsage, type Usage } from '../../domain/usage/usage.ts'
import type { ProxyError } from '../../errors.ts'
import { asObject, parseObject } from '../answers/answer.ts'
import { ChoiceText } from '../answers/choice-text.ts'
import { usageBody } from '../answers/choices-answer.ts'
import { errorIn } from '../answers/error-in.ts'
import { type Edits, editMembers } from '../json/json-edits.ts'
import type { ChoicesRequest } from '../requests/choices-request.ts'
import { oddUsage, SMALLER_REPORT } from '../usage/odd-usage.ts'
import { reportedCalls } from '../usage/reported-calls.ts'
import { mayTellUsage, usageIn } from '../usage/reported-usage.ts'
import { type Chunk, type ChunkObject, ChunkRepairs } from './chunk-repairs.ts'
import { dataEvent, errorEvent } from './events.ts'
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

const USAGE = '"usage"'
const NULL_USAGE = `,${USAGE}:null`

type Wishes = Pick<ChoicesRequest, 'wantsUsage' | 'wantsContinuousUsage'> & { choices?: number }

/**
 * Reads a stream of choices, of a chat completion or a completion, as it passes: counts what was
 * delivered, keeps the last usage, finds errors in band, takes out the usage that Tollkeeper asked
 * for and the client did not, and repairs what strict clients break on (W-72, W-84, W-85, W-90).
 */
export class UsageTap extends ChoiceText implements StreamTap {
  readonly named = false
  usage: Usage | null = null
  /** The largest report, also one that may be of a single choice of several. */
  #reported: Usage | null = null
  /** Calls of tools that the upstream told of in its usage. */
  toolCalls: ToolCalls | undefined
  oddUsage: string | null = null
  begun = false
  /** The usage chunk the client asked for has passed. */
  usageForwarded = false
  /** The usage chunk that came before the stream was finished, and waits for its end. */
  #heldUsage: string | null = null
  /** The usage as the upstream wrote it. */
  #wireUsage: unknown = null
  readonly #wishes: Wishes
  readonly #alias: string | null
  readonly #isReasoningApart: boolean
  readonly #repairs: ChunkRepairs
  readonly #begun = new Set<unknown>()
  readonly #finished = new Set<unknown>()

  constructor(object: ChunkObject, wishes: Wishes, options: TapOptions) {
    super(options.keepText)
    this.#wishes = wishes
    this.#alias = options.alias ?? null
    this.#isReasoningApart = options.reasoningTokens === 'excluded'
    this.#repairs = new ChunkRepairs(object, options.origin ?? null)
  }

  /** Every choice that began has its finish_reason: an end without [DONE] is still an end. */
  get finished(): boolean {
    return this.#begun.size > 0 && this.#finished.size === this.#begun.size
  }

  read(event: SseEvent): Verdict {
    this.nextEvent()
    const chunk = event.data === '[DONE]' ? null : parseObject(event.data)
    if (chunk === null) return this.#endOrGarbage(event.data)
    const error = errorIn(chunk)
    if (error !== null) return { kind: 'error', error }
    if (hasChoices(chunk)) return this.#take(event.data, chunk)
    if (mayTellUsage(chunk)) this.#readUsage(chunk)
    return WITHHOLD // clients break on a chunk without choices (W-72), and on empty ones (W-74)
  }

  override takeBack(): void {
    super.takeBack()
    this.#repairs.takeBack()
  }

  ending(estimated: Usage): string {
    return `${this.usageEvent(estimated)}data: [DONE]\n\n`
  }

  failing(error: ProxyError): string {
    return errorEvent(error)
  }

  usageEvent(estimated: Usage): string {
    if (!this.#wishes.wantsUsage || this.usageForwarded) return ''
    return dataEvent(this.#heldUsage ?? this.usageChunk(estimated))
  }

  /**
   * A usage chunk in the shape of the stream, for a client that asked and was not sent one (W-86).
   * @param estimated told where the upstream reported nothing
   */
  usageChunk(estimated: Usage): string {
    const { envelope } = this.#repairs
    return JSON.stringify({
      ...envelope,
      model: this.#alias ?? envelope.model,
      choices: [],
      usage: this.usage === null ? usageBody(estimated) : this.#wireUsage,
    })
  }

  /** A whole stream has no better report than the largest. */
  #endOrGarbage(data: string): Verdict {
    if (!/^\s*\[done\]\s*$/i.test(data)) return GARBAGE
    this.usage = this.#reported
    return DONE
  }

  #take(data: string, chunk: Chunk): Verdict {
    if (chunk.choices.length > 0) this.begun = true
    for (let at = 0; at < chunk.choices.length; at += 1) this.#count(chunk.choices[at], at)
    const repairs = this.#repairs.editsOf(chunk)
    const mayTell = mayTellUsage(chunk)
    if (repairs === null && this.#alias === null && !mayTell && !('error' in chunk)) return FORWARD
    const edits: Edits = { ...repairs }
    if (this.#alias !== null) edits.model = JSON.stringify(this.#alias)
    if ('error' in chunk) edits.error = null // some clients take the mere key for an error
    if (mayTell) {
      const isUsable = this.#readUsage(chunk)
      const isUsageChunk = chunk.choices.length === 0 && (chunk.usage ?? null) !== null
      if (isUsageChunk) return isUsable ? this.#takeUsage(data, chunk, edits) : WITHHOLD
      this.#hideUsage(chunk, edits)
    }
    return rewritten(data, chunk, edits)
  }

  /** Nothing may follow it but [DONE]: some clients keep the usage of the last chunk (W-85). */
  #takeUsage(data: string, chunk: Chunk, edits: Edits): Verdict {
    if (!this.#wishes.wantsUsage || this.usageForwarded) return WITHHOLD
    if (!this.finished) {
      this.#heldUsage = editMembers(data, edits)
      return WITHHOLD
    }
    this.#heldUsage = null
    this.usageForwarded = true
    return rewritten(data, chunk, edits)
  }

  /** Usage in a chunk with choices is for clients that asked for it there, and null for others. */
  #hideUsage({ usage, x_groq: groq }: Chunk, edits: Edits): void {
    const { wantsUsage, wantsContinuousUsage } = this.#wishes
    if (usage !== undefined && !(wantsContinuousUsage || (wantsUsage && usage === null))) {
      edits.usage = null
    }
    if (!wantsUsage && asObject(groq)?.usage !== undefined) {
      edits.x_groq = { usage: null }
    }
  }

  /**
   * The largest is kept (W-90). Of several choices, some upstreams report in each chunk what that
   * one choice has used: while the stream runs only a chunk of none counts (W-95).
   * @returns whether the chunk has a usage that can be charged
   */
  #readUsage(chunk: Record<string, unknown>): boolean {
    const wire = usageIn(chunk)
    const read = readUsage(wire)
    this.oddUsage ??= oddUsage(chunk.usage ?? wire)
    if (read === null) return false
    this.toolCalls = largerCalls(this.toolCalls, reportedCalls(wire))
    const reported = this.#isReasoningApart ? withReasoning(read, wire, this.reasoningLength) : read
    const isOfOne = (this.#wishes.choices ?? 1) > 1 && hasChoices(chunk) && chunk.choices.length > 0
    const kept = largerUsage(this.#reported, reported)
    if (kept === reported) {
      this.#wireUsage = wire
      this.#heldUsage = null
    } else if (!isOfOne) this.oddUsage ??= SMALLER_REPORT
    this.#reported = kept
    if (!isOfOne) this.#keep(kept)
    return true
  }

  #keep(usage: Usage): void {
    this.reported(this.usage, usage)
    this.usage = usage
  }

  #count(value: unknown, position: number): void {
    const choice = asObject(value)
    if (choice === null) return
    const { index: told, finish_reason: finish } = choice
    const index = told ?? position
    this.#begun.add(index)
    if (finish) this.#finished.add(index)
    const before = this.completionLength
    this.addChoice(choice)
    if (this.completionLength > before) this.chunkCount += 1
  }
}

function hasChoices(chunk: Record<string, unknown>): chunk is Chunk {
  return Array.isArray(chunk.choices)
}

function rewritten(data: string, chunk: Chunk, edits: Edits): Verdict {
  const [first, ...others] = Object.keys(edits)
  if (first === undefined) return FORWARD
  const onlyNull = first === 'usage' && others.length === 0 && chunk.usage === null
  return { kind: 'rewrite', data: onlyNull ? withoutNullUsage(data) : editMembers(data, edits) }
}

/** The same as editMembers, but quick: many upstreams write it into every chunk, at its end. */
function withoutNullUsage(data: string): string {
  const at = data.lastIndexOf(NULL_USAGE)
  const isOnly = at > 0 && data.lastIndexOf(USAGE) === at + 1 && data.indexOf(USAGE) === at + 1
  if (!isOnly) return editMembers(data, { usage: null })
  return data.slice(0, at) + data.slice(at + NULL_USAGE.length)
}
