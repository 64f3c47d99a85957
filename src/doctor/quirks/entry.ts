import type { Subject } from '../subjects.ts'

/** A known way in which an upstream is not like OpenAI. */
export type Entry = {
  about: Subject
  /** `fault`: Tollkeeper can not make up for it. */
  verdict: 'quirk' | 'fault'
  /** What it means for billing and for clients, and what to do. */
  follows: string
}

export const SAVED = 'The profile takes care of it'
