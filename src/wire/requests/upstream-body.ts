import { type Edits, editMembers } from '../json/json-edits.ts'
import { topLevelMembers } from '../json/json-members.ts'
import type { JsonRequest } from '../json/json-request.ts'
import { PLAIN_PROFILE, type Profile } from '../profile.ts'
import type { Change, MeteredRequest } from './metered-request.ts'

/**
 * A JSON body for the upstream: the client's bytes but for these edits, the model's name, and what
 * the upstream refuses.
 */
export function editedBody(
  { text, fields, model }: JsonRequest & MeteredRequest,
  { upstreamModel, profile = PLAIN_PROFILE }: Change,
  edits: Edits = {},
): string {
  const all = { ...edits }
  if (upstreamModel !== model) all.model = JSON.stringify(upstreamModel)
  for (const name of profile.dropFields) if (Object.hasOwn(fields, name)) all[name] = null
  return Object.keys(all).length === 0 ? text : editMembers(text, all)
}

/**
 * A lowered limit under the names the client used, or under the one the upstream understands.
 * @param names of the limit; a limit of ours has the last one where the client set none
 */
export function limitEdits(
  request: JsonRequest & MeteredRequest,
  { outputLimit: lowered, profile = PLAIN_PROFILE }: Change,
  names: readonly [string, ...string[]],
): Edits {
  const limit = lowered ?? request.outputLimit
  const isChanged = limit !== request.outputLimit
  const wanted = wantedName(profile, names)
  if (limit === null || (!isChanged && wanted === null)) return {}
  const named = topLevelMembers(request.text).map((member) => member.key)
  const used = names.filter((name) => named.includes(name))
  const edits: Edits = {}
  if (wanted !== null) {
    if (!isChanged && used.length === 1 && used[0] === wanted) return {}
    for (const name of used) edits[name] = null
    edits[wanted] = String(limit)
    return edits
  }
  for (const name of used.length > 0 ? used : names.slice(-1)) edits[name] = String(limit)
  return edits
}

/** The one name an upstream understands, where the endpoint has it. */
function wantedName({ outputLimit }: Profile, names: readonly string[]): string | null {
  return names.includes(outputLimit) && names.length > 1 ? outputLimit : null
}
