import type { Profile } from '../wire/profile.ts'
import { QUIRKS, type Quirk } from './quirks.ts'
import type { Subject } from './subjects.ts'

/** `quirk`: not like OpenAI, and made up for; `fault`: to be repaired; `unknown`: not seen. */
export type Verdict = 'ok' | 'quirk' | 'fault' | 'unknown'

/** One thing that was looked at. */
export type Finding = {
  about: Subject
  verdict: Verdict
  /** Which of the known ones it is. */
  quirk: Quirk | null
  seen: string
  follows: string | null
  /** The part of the provider's profile that makes up for it. */
  profile: Partial<Profile>
}

export function ok(about: Subject, seen: string, profile: Partial<Profile> = {}): Finding {
  return { about, verdict: 'ok', quirk: null, seen, follows: null, profile }
}

export function unknown(about: Subject, seen: string): Finding {
  return { about, verdict: 'unknown', quirk: null, seen, follows: null, profile: {} }
}

export function found(quirk: Quirk, seen: string, profile: Partial<Profile> = {}): Finding {
  const { about, verdict, follows } = QUIRKS[quirk]
  return { about, verdict, quirk, seen, follows, profile }
}
