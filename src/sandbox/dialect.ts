import type { Script } from './answers/script.ts'
import type { Fault } from './cards/card.ts'

/** One piece of an answer as it is written, and the tokens in it. */
export type ContentEvent = { readonly text: string | Buffer; readonly tokens: number }

/** How an answer that comes piece by piece is told, from its first event to its last. */
export type Telling = {
  opening(): string[]
  content(): Iterator<ContentEvent, void>
  closing(): string[]
  /** The event of a failure in the middle. */
  failure(fault: Fault): string
}

/** How one endpoint says what the sandbox has to say. */
export type Dialect = {
  /** The media type of an answer that comes piece by piece. */
  readonly streamType?: string
  /** Pieces come whether or not a stream was asked for. */
  readonly isAlwaysTold?: true
  /** What follows the last event of a stream of choices. */
  readonly last?: '[DONE]'
  /** Left out where there is no stream. */
  tell?(script: Script): Telling
  /** The whole answer; `usage` is a JSON member, or ''. */
  whole(script: Script, usage: string): string
  /** The media type of the whole answer, where it is not JSON. */
  wholeType?(script: Script): string
  /** Tokens of an answer that is not text. */
  tokens?(script: Script): number
}
