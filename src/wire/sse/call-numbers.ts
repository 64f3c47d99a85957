import { asObject } from '../answers/answer.ts'

/**
 * Numbers the tool calls of one choice where their upstream does not: by their id, else in the
 * order in which they begin (W-72). A piece that begins nothing belongs to the last call.
 */
export class CallNumbers {
  readonly #byId = new Map<unknown, number>()
  #last = -1
  #highest = -1

  /** @param call a piece of a call, as a delta has it */
  of({ index, id, function: called }: Record<string, unknown>): number {
    const number = typeof index === 'number' ? index : this.#numberOf(id, asObject(called)?.name)
    if (id) this.#byId.set(id, number)
    this.#last = number
    this.#highest = Math.max(this.#highest, number)
    return number
  }

  #numberOf(id: unknown, name: unknown): number {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    return id || name || this.#last === -1 ? this.#highest + 1 : this.#last
  }
}
