import { PLAIN_PROFILE, type Profile } from '../wire/profile.ts'
import type { Finding, Verdict } from './finding.ts'
import { isSuccess } from './heard.ts'
import { judgeAbort } from './judges/abort.ts'
import { judgeCompletion } from './judges/completion.ts'
import { judgeErrors } from './judges/errors.ts'
import { judgeModels } from './judges/models.ts'
import { judgeLimit } from './judges/output-limit.ts'
import { judgePlace } from './judges/place.ts'
import { judgeReasoning } from './judges/reasoning.ts'
import { judgeRoles } from './judges/roles.ts'
import { isStreaming, judgeStream } from './judges/stream.ts'
import { judgeStreamUsage } from './judges/stream-usage.ts'
import { wholeAnswers } from './judges/wholes.ts'
import { readModelList } from './models.ts'
import type { Observed } from './observed.ts'
import { PRESETS, recognise } from './presets.ts'
import { SUBJECTS, type Subject } from './subjects.ts'

/** The parts of a profile that an examination finds out. */
export type FoundProfile = Pick<
  Profile,
  'streamOptions' | 'outputLimit' | 'authHeader' | 'developerRole' | 'reasoningTokens'
> &
  Partial<Pick<Profile, 'onDisconnect'>> // only `finish` is ever found: silence proves nothing

export type Diagnosis = {
  /** The worst there is. */
  verdict: Exclude<Verdict, 'unknown'>
  /** Whether calls get an answer: what is not repaired can be lived with. */
  isUsable: boolean
  findings: Finding[]
  /** The base URL to use; null where nothing answers. */
  baseUrl: string | null
  profile: FoundProfile
  /** The well-known server it is, if it is one. */
  preset: string | null
}

type Judge = (observed: Observed) => Finding[]

/** They have something to say of any server, and of one that answers questions. */
const PLACE_JUDGES: readonly Judge[] = [judgePlace, judgeModels, judgeCompletion, judgeErrors]
const ANSWER_JUDGES: Judge[] = [
  judgeLimit,
  judgeStream,
  judgeStreamUsage,
  judgeReasoning,
  judgeRoles,
  judgeAbort,
]

/** Judges what an examination heard. */
export function diagnose(observed: Observed): Diagnosis {
  const { place } = observed
  const isUsable = wholeAnswers(observed).length > 0 || isStreaming(observed)
  const findings = (isUsable ? ANSWER_JUDGES : [])
    .concat(PLACE_JUDGES)
    .flatMap((judge) => judge(observed))
    .toSorted((a, b) => SUBJECTS.indexOf(a.about) - SUBJECTS.indexOf(b.about))
  const verdicts = findings.map(({ verdict }) => verdict)
  const preset = presetOf(observed)
  const worst = (['fault', 'quirk'] as const).find((verdict) => verdicts.includes(verdict))
  return {
    verdict: worst ?? 'ok',
    isUsable,
    findings,
    baseUrl: place?.baseUrl ?? null,
    profile: profileOf(findings, preset),
    preset,
  }
}

function profileOf(findings: Finding[], preset: string | null): FoundProfile {
  const { streamOptions, outputLimit, authHeader, developerRole, reasoningTokens } = PLAIN_PROFILE
  const plain = { streamOptions, outputLimit, authHeader, developerRole, reasoningTokens }
  const known = knownOf(findings, PRESETS[preset ?? '']?.profile ?? {})
  return Object.assign(plain, known, ...findings.map(({ profile }) => profile))
}

/** What a preset says of that which could not be seen. */
function knownOf(findings: Finding[], preset: Partial<Profile>): Partial<FoundProfile> {
  const unseen = (part: 'outputLimit' | 'developerRole', about: Subject) =>
    !findings.some((one) => one.about === about && one.verdict !== 'unknown') &&
    preset[part] !== undefined && { [part]: preset[part] }
  const { onDisconnect } = preset
  return {
    ...unseen('outputLimit', 'output_limit'),
    ...unseen('developerRole', 'developer_role'),
    ...(onDisconnect !== undefined && { onDisconnect }),
  }
}

function presetOf({ given, place, models }: Observed): string | null {
  const listed = isSuccess(models) ? (readModelList(models)?.models ?? []) : []
  const headers = { ...place?.heard.headers, ...(isSuccess(models) ? models.headers : {}) }
  return recognise({ baseUrl: place?.baseUrl ?? given, models: listed, headers })
}
