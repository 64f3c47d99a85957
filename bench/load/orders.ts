/** What the benchmark asks of the load process, and what it gets back. All times in ms. */
import type { StreamShape } from '../answers.ts'

/** Opens the connections that the following runs use. */
export interface OpenOrder {
  kind: 'open'
  port: number
  connections: number
  /** Client keys, rotated over from request to request. */
  keys: string[]
}

/** Sends requests until one of the bounds is reached, then waits for the answers under way. */
export interface RunOrder {
  kind: 'run'
  body: string
  /** The stream to expect; null for the JSON answer. */
  stream: StreamShape | null
  /** Starts no request after this time. */
  durationMs: number
  /** Requests of each connection and of all of them together. */
  perConnection: number
  maxRequests: number
  /** The connections begin one after the other within this time. */
  rampMs: number
  /** How long an answer may take after the last start before it counts as an error. */
  graceMs: number
}

export interface CloseOrder {
  kind: 'close'
}

export type Order = OpenOrder | RunOrder | CloseOrder

/** p50 and p99 in ms. */
export interface Quantiles {
  p50: number
  p99: number
}

export interface RunResult {
  /** Answers that were right in every byte. */
  requests: number
  /** Answers that were not: wrong status, bytes, framing, or none in time. */
  errors: number
  /** The first few distinct errors in words. */
  samples: string[]
  /** From the first request to the last answer. */
  elapsedMs: number
  total: Quantiles
  /** Time to the first byte of the payload. */
  first: Quantiles
  /** Reads from sockets that carried payload: shows a proxy that gathers chunks. */
  reads: number
}

export type Reply = { ok: true; result: RunResult | null } | { ok: false; message: string }
