import type { AnswerTraits } from '../cards/card.ts'

/** How one quirky server is unlike OpenAI. What is left out is as OpenAI does it. */
export type Quirk = {
  readonly says: string
  /** Where its endpoints are, below its name. Default /v1. */
  readonly prefix?: string
  /** Answers every other path with a redirect to the same endpoint below this path. */
  readonly redirectsTo?: string
  /** Answers every path with a status and a page of a web server. */
  readonly page?: number
  /** The header its key has to be in, or that no key is right. */
  readonly key?: 'api-key' | 'x-api-key' | 'none'
  /** A parameter that every query has to have. */
  readonly query?: string
  readonly models?: 'missing' | 'bare'
  /** Fields of a request that are answered 400, and such that are not looked at. */
  readonly rejects?: readonly string[]
  readonly ignores?: readonly string[]
  /** Roles of messages that are answered 400. */
  readonly rejectsRoles?: readonly string[]
  /** It has no model: every question is answered 404. */
  readonly knowsNoModel?: true
  readonly errors?: ErrorStyle
  /** Reports usage in every chunk when asked with `continuous_usage_stats`. */
  readonly reportsContinuously?: true
  /** Milliseconds in which it answers nobody after a client has hung up. */
  readonly busyMs?: number
  readonly answer?: AnswerTraits
}

/** What its errors look like. */
export type ErrorStyle = 'html' | 'string' | 'in-200' | 'as-500'
