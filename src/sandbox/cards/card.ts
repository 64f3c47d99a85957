import type { UsageStyle } from '../answers/usage.ts'

/** How one model name behaves. */
export type Card = AnswerCard | CannedCard | { readonly kind: 'hang'; readonly says: string }

/** A card that answers the question, well or badly. */
export type AnswerCard = { readonly kind: 'answer'; readonly says: string } & AnswerTraits

export type AnswerTraits = {
  readonly speech?: Speech
  /** The arguments of its tool call, as JSON. */
  readonly arguments?: string
  readonly ignoresLimit?: true
  /** Searches of the web that it makes before it says anything, and bills one by one. */
  readonly searches?: number
  /** Milliseconds between content chunks. */
  readonly delayMs?: number
  /** The form of the answer, whatever was asked for. */
  readonly form?: 'whole' | 'stream'
  /** A field of the request that is answered 400. */
  readonly rejects?: string
  readonly usage?: UsageStyle
  /** Where a stream reports usage: in a chunk of its own when asked (the default), or unasked. */
  readonly usageIn?: 'finish-chunk' | 'every-chunk'
  readonly fault?: Fault
  /** Content chunks before the fault; 0: it is the first event. */
  readonly faultAt?: number
  readonly ending?: Ending
  /** Embeddings as numbers, whatever was asked for. */
  readonly embeds?: 'floats'
  /** An event before the first chunk, as JSON. */
  readonly prelude?: string
  /** A defect: the first text, wherever it occurs first in a JSON text, becomes the second. */
  readonly edit?: readonly [string, string]
  readonly dress?: Dress
  readonly headers?: Readonly<Record<string, string>>
  readonly gzip?: true
  /** Bytes of one write, so that events and characters are split anywhere. */
  readonly fragmentBytes?: number
}

export type Speech = 'echo' | 'stock' | 'tool-call' | 'reasoning'

/** What goes wrong after some chunks. */
export type Fault =
  | 'error'
  | 'error-with-choices'
  | 'error-field'
  /** The event by which a response says that it has failed; elsewhere an error. */
  | 'failed'
  | 'cut'
  | 'garbage'
  | 'silence'
  | 'end'

/** What follows the last chunk of a stream. */
export type Ending = 'done' | 'no-done' | 'unended-done' | 'done-then-more' | 'done-then-silence'

/** How one event is written around its JSON. */
export type Dress = {
  readonly open: string
  readonly close: string
  /** Put before "choices", to spread the data of one event over two lines. */
  readonly split?: string
}

/** A card that answers every request with the same bytes. */
export type CannedCard = { readonly kind: 'canned'; readonly says: string } & Canned

export type Canned = {
  readonly status: number
  /** 'asked': what a right answer to this request would have. */
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer | ((authorization: string | null) => string)
}
