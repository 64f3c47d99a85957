import type { Profile } from '../wire/profile.ts'
import type { Answered, Heard } from './heard.ts'

export type AuthHeader = Profile['authHeader']
export type OutputLimitName = 'max_tokens' | 'max_completion_tokens'

/** A base URL that was tried, with the header that carried the key. */
export type Knock = { baseUrl: string; authHeader: AuthHeader; heard: Heard }

/** Where the upstream answers, and how it answered a request that asks nothing. */
export type Place = { baseUrl: string; authHeader: AuthHeader; heard: Answered }

/** Everything an examination heard. Null is what it had no reason, or no way, to ask. */
export type Observed = {
  /** The base URL as it was given. */
  given: string
  hasKey: boolean
  knocks: Knock[]
  place: Place | null
  models: Heard | null
  /** The model that was asked. */
  model: string | null
  limited: Record<OutputLimitName, Heard | null>
  /** Without a limit, where both names were refused. */
  unlimited: Heard | null
  /** A stream that was asked to report its usage, and one that was not, where that was refused. */
  stream: Heard | null
  plainStream: Heard | null
  /** With a message of that role. */
  developer: Heard | null
  system: Heard | null
  /** A stream we broke off; it was asked for usage in every chunk where `asksContinuous`. */
  abandoned: Heard | null
  asksContinuous: boolean
  /** The call right after that. */
  afterwards: Heard | null
  /** HTTP requests that were sent, and how long all of it took. */
  calls: number
  durationMs: number
}
