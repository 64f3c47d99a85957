import { optionalBoolean, optionalInteger, optionalObject, requiredString } from '../fields.ts'
import { jsonOf } from '../json/json-depth.ts'
import { type Edits, editMembers } from '../json/json-edits.ts'
import { topLevelMembers } from '../json/json-members.ts'
import { type JsonRequest, readJsonRequest } from '../json/json-request.ts'
import { refuseOtherSpelling } from '../json/spelling.ts'
import { PLAIN_PROFILE, type Profile } from '../profile.ts'
import { developerAsSystem } from './developer-role.ts'
import type { Change, MeteredRequest } from './metered-request.ts'
import { editedBody, limitEdits } from './upstream-body.ts'

/** What requests for chat completions and completions have in common. */
export type ChoicesRequest = MeteredRequest &
  JsonRequest & {
    /** The client asked for the usage chunk (`stream_options.include_usage === true`). */
    wantsUsage: boolean
    /** It asked for the usage so far in every chunk too. */
    wantsContinuousUsage: boolean
    streamOptions: Record<string, unknown> | null
  }

type LimitNames = readonly [string, ...string[]]

/** Choices a request may ask for: each costs a completion. */
export const CHOICES_MAX = 128

/** What is read of `stream_options`. */
const STREAM_OPTIONS = new Set(['include_usage', 'continuous_usage_stats'])

/** The fields that are read below. */
export const CHOICES_FIELDS = ['model', 'stream', 'stream_options', 'n'] as const

/**
 * Reads all but the prompt (W-11 to W-14, W-17).
 * @throws ProxyError invalid_json, missing_required_parameter, invalid_value; names the field
 */
export function readChoicesRequest(
  body: Uint8Array,
  owned: ReadonlySet<string>,
  limitNames: LimitNames,
  limitMin?: number,
): Omit<ChoicesRequest, 'prompt'> {
  const json = readJsonRequest(body, owned)
  const { fields } = json
  const stream = optionalBoolean(fields, 'stream') ?? false
  const streamOptions = optionalObject(fields, 'stream_options')
  for (const key of Object.keys(streamOptions ?? {})) {
    refuseOtherSpelling(key, STREAM_OPTIONS, 'stream_options')
  }
  const wantsUsage = stream && streamOptions?.include_usage === true
  return {
    ...json,
    model: requiredString(fields, 'model'),
    stream,
    wantsUsage,
    wantsContinuousUsage: wantsUsage && streamOptions.continuous_usage_stats === true,
    choices: optionalInteger(fields, 'n', CHOICES_MAX) ?? 1,
    outputLimit: readLimit(fields, limitNames, limitMin),
    fixedOutput: null,
    streamOptions,
  }
}

/**
 * The client's output limit, the lowest of its names; null when it set none.
 * @param min 0 where a prompt may be read without an answer
 */
export function readLimit(
  fields: Record<string, unknown>,
  names: LimitNames,
  min?: number,
): number | null {
  const limits = names.map((name) => optionalInteger(fields, name, Number.MAX_SAFE_INTEGER, min))
  const set = limits.filter((limit) => limit !== null)
  return set.length === 0 ? null : Math.min(...set)
}

/**
 * The body to send upstream. A stream is asked to report its usage (W-80), and a request without a
 * stream must not have `stream_options` (W-81). The role `developer` becomes `system` where the
 * upstream knows no other (W-22).
 */
export function choicesBody(
  request: ChoicesRequest,
  change: Change,
  limitNames: LimitNames,
): string {
  const edits: Edits = limitEdits(request, change, limitNames)
  const { profile = PLAIN_PROFILE } = change
  if (request.stream && profile.streamOptions !== 'omit') {
    const wanted = wantedOptions(request, profile)
    const options = request.streamOptions === null ? '{}' : memberText(request, 'stream_options')
    if (Object.keys(wanted).length > 0) edits.stream_options = editMembers(options, wanted)
  } else if (request.streamOptions !== null) edits.stream_options = null
  if (profile.developerRole === 'system' && Array.isArray(request.fields.messages)) {
    const messages = developerAsSystem(memberText(request, 'messages'))
    if (messages !== null) edits.messages = messages
  }
  return editedBody(request, change, edits)
}

/**
 * Whether an upstream that names `stream_options` in a refusal can only mean those that any stream
 * is asked with. It may repeat what it was sent: who writes the name elsewhere is not believed.
 * @param request of any API; those without such options never ask so
 */
export function asksPlainly(request: MeteredRequest & Partial<ChoicesRequest>): boolean {
  const { fields, streamOptions } = request
  if (fields === undefined || streamOptions === undefined) return false
  const { stream_options: _, ...others } = fields
  const isPlain = Object.keys(streamOptions ?? {}).every((name) => name === 'include_usage')
  return isPlain && jsonOf(others)?.toLowerCase().includes('stream_options') === false
}

/** Of several choices every report would be of one alone (W-95). */
function wantedOptions({ wantsUsage, choices }: ChoicesRequest, { streamOptions }: Profile): Edits {
  return {
    ...(!wantsUsage && { include_usage: 'true' }),
    ...(streamOptions === 'continuous' && choices === 1 && { continuous_usage_stats: 'true' }),
  }
}

/** A member of the body as the client wrote it. @param name of a member that is there */
function memberText({ text }: ChoicesRequest, name: string): string {
  const member = topLevelMembers(text).find(({ key }) => key === name)
  return member === undefined ? '' : text.slice(member.valueStart, member.valueEnd)
}
