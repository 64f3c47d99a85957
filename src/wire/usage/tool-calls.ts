import { largerCalls, type ToolCalls } from '../../domain/usage/tool-calls.ts'
import { asObject } from '../answers/answer.ts'
import { reportedCalls } from './reported-calls.ts'
import { callName, callsIn } from './tool-items.ts'

/**
 * Counts the calls of tools that an answer tells (W-94): once each, whether its items, the event
 * that ends it or its usage tell of them, or all of these.
 */
export class ToolCallCounter {
  /** The items that are done, each under its place. */
  readonly #done = new Map<unknown, unknown>()
  #calls: ToolCalls | undefined

  /** What was counted so far; undefined where there is none. */
  get calls(): ToolCalls | undefined {
    return this.#calls
  }

  /** @param place where in the output the item stands; its id where nobody says */
  itemDone(item: unknown, place: unknown): void {
    if (callName(item) === null) return
    this.#done.set(place ?? asObject(item)?.id, item)
    this.#add(callsIn([...this.#done.values()]))
  }

  /** The whole output of an answer. */
  output(items: unknown): void {
    if (Array.isArray(items)) this.#add(callsIn(items))
  }

  /** The `usage` of an answer. */
  usage(usage: unknown): void {
    this.#add(reportedCalls(usage))
  }

  #add(calls: ToolCalls | undefined): void {
    this.#calls = largerCalls(this.#calls, calls)
  }
}
