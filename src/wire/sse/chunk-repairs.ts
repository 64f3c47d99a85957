import { asObject } from '../answers/answer.ts'
import { type Edits, type ElementEdits, editMembers } from '../json/json-edits.ts'
import { CallNumbers } from './call-numbers.ts'
import { choiceEdits, isSoundChoice } from './choice-repairs.ts'

/** What `object` says of a chunk. */
export type ChunkObject = 'chat.completion.chunk' | 'text_completion'

/** What a stream says of itself where its upstream leaves it out. */
export type Origin = {
  /** The id of the answer, without what tells its kind. */
  id: string
  /** Seconds since 1970. */
  created: number
  model: string
}

/** A chunk with choices. */
export type Chunk = Record<string, unknown> & { choices: unknown[] }

type Choice = Record<string, unknown>

/**
 * Finds what strict clients stumble on in the chunks of one stream (W-72). A sound chunk is only
 * looked at, as it was parsed; of another one no byte changes but those that have to (W-71).
 */
export class ChunkRepairs {
  readonly #object: ChunkObject
  readonly #origin: Origin | null
  #id: unknown
  #created: unknown
  #model: unknown
  /** Choices whose first delta has passed. */
  readonly #opened = new Set<unknown>()
  readonly #calls = new Map<unknown, CallNumbers>()
  /** The last chunk has the first delta of a choice. */
  #isOpening = false
  #edits: Edits | null = null
  #isTakenBack = false

  /** @param origin null where nobody knows what to fill in */
  constructor(object: ChunkObject, origin: Origin | null) {
    this.#object = object
    this.#origin = origin
  }

  /** What the stream says of itself: constant, whatever its chunks leave out. */
  get envelope(): { id: unknown; object: string; created: unknown; model: unknown } {
    const prefix = this.#isChat ? 'chatcmpl' : 'cmpl'
    const { id, created, model } = this.#origin ?? {}
    return {
      id: this.#id ?? (id && `${prefix}-${id}`),
      object: this.#object,
      created: this.#created ?? created,
      model: this.#model ?? model,
    }
  }

  /** The last chunk comes again: what it was repaired by stays. */
  takeBack(): void {
    this.#isTakenBack = true
  }

  /** What has to change in the text of a chunk; null where it is sound. */
  editsOf(chunk: Chunk): Edits | null {
    if (!this.#isTakenBack) this.#edits = this.#find(chunk)
    this.#isTakenBack = false
    return this.#edits
  }

  get #isChat(): boolean {
    return this.#object === 'chat.completion.chunk'
  }

  #find(chunk: Chunk): Edits | null {
    const { choices } = chunk
    let edits = this.#missing(chunk)
    let isSound = true
    this.#isOpening = false
    for (let at = 0; at < choices.length; at += 1) isSound &&= this.#isSound(choices[at], at)
    if (!isSound) {
      const repaired = choices.map((one, position) => this.#repaired(one, position))
      if (repaired.some((one) => one !== undefined)) edits = { ...edits, choices: repaired }
    }
    if (this.#isOpening) this.#open(choices)
    return edits
  }

  /** The members that say whose chunk it is, where they are missing. */
  #missing({ id, object, created, model }: Chunk): Edits | null {
    if (!this.#id) {
      this.#id ||= id // empty in a first chunk of Azure, which is about the prompt
      this.#created ||= created
      this.#model ||= model
    }
    if (
      this.#origin === null ||
      (isThere(id) && isThere(object) && isThere(created) && isThere(model))
    ) {
      return null
    }
    const { envelope } = this
    this.#id ??= envelope.id
    this.#created ??= envelope.created
    this.#model ??= envelope.model
    const edits: Edits = {}
    if (!isThere(id)) edits.id = JSON.stringify(envelope.id)
    if (!isThere(object)) edits.object = JSON.stringify(envelope.object)
    if (!isThere(created)) edits.created = JSON.stringify(envelope.created)
    if (!isThere(model)) edits.model = JSON.stringify(envelope.model)
    return edits
  }

  #isSound(one: unknown, position: number): boolean {
    const choice = asObject(one)
    if (choice === null) return true
    if (!isSoundChoice(choice)) return false
    if (!this.#isChat) return true
    const delta = asObject(choice.delta)
    if (delta === null || this.#roleEdit(delta, choice, position) !== undefined) return false
    return (
      !Array.isArray(delta.tool_calls) || !this.#lacksNumber(delta.tool_calls, choice, position)
    )
  }

  #open(choices: unknown[]): void {
    for (const [position, one] of choices.entries()) {
      this.#opened.add(placeOf(asObject(one) ?? {}, position))
    }
  }

  /** Clients join the text of every role of a choice, and need one in its first delta. */
  #roleEdit({ role }: Choice, choice: Choice, position: number): string | null | undefined {
    if (!this.#opened.has(placeOf(choice, position))) {
      this.#isOpening = true
      return role ? undefined : '"assistant"'
    }
    if (role === undefined) return undefined
    return role === '' || role === 'assistant' ? null : undefined
  }

  #lacksNumber(calls: unknown[], choice: Choice, position: number): boolean {
    const objects = calls.map(asObject).filter((call) => call !== null)
    if (!objects.every(({ index }) => typeof index === 'number')) return true
    const numbers = this.#numbersOf(choice, position)
    for (const call of objects) numbers.of(call)
    return false
  }

  #numbersOf(choice: Choice, position: number): CallNumbers {
    const place = placeOf(choice, position)
    const known = this.#calls.get(place) ?? new CallNumbers()
    this.#calls.set(place, known)
    return known
  }

  #repaired(one: unknown, position: number): Edits | undefined {
    const choice = asObject(one)
    if (choice === null) return undefined
    const edits = choiceEdits(choice, position)
    if (this.#isChat) {
      const delta = asObject(choice.delta)
      const changed = this.#deltaEdits(delta ?? {}, choice, position)
      if (delta === null) edits.delta = editMembers('{}', changed)
      else if (Object.keys(changed).length > 0) edits.delta = changed
    }
    return Object.keys(edits).length === 0 ? undefined : edits
  }

  #deltaEdits(delta: Choice, choice: Choice, position: number): Edits {
    const edits: Edits = {}
    const role = this.#roleEdit(delta, choice, position)
    if (role !== undefined) edits.role = role
    const { tool_calls: calls } = delta
    if (!Array.isArray(calls)) return edits
    const numbers = this.#numbersOf(choice, position)
    const numbered: ElementEdits = calls.map((one) => {
      const call = asObject(one)
      const number = call && numbers.of(call)
      return number === null || call?.index === number ? undefined : { index: String(number) }
    })
    if (numbered.some((one) => one !== undefined)) edits.tool_calls = numbered
    return edits
  }
}

function placeOf(choice: Choice, position: number): unknown {
  return choice.index ?? position
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null
}
