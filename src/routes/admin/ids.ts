import { invalidValue, notFound } from './refusals.ts'

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What an id names. Its prefix keeps an account's id from being taken for a key's. */
const PREFIXES = { account: 'acc_', key: 'key_' } as const

type Prefixed = keyof typeof PREFIXES

/** The form of an id that clients get. */
export function formatId(what: Prefixed, uuid: string): string {
  return PREFIXES[what] + uuid
}

/**
 * The UUID in the id of a path.
 * @throws ProxyError not_found for what can not be an id, as for one that nothing has
 */
export function readPathId(what: Prefixed, id: string): string {
  const uuid = parseId(what, id)
  if (uuid === null) throw notFound(what)
  return uuid
}

/** The UUID in a filter of a list. @throws ProxyError invalid_value */
export function readFilterId(
  what: Prefixed,
  param: string,
  id: string | undefined,
): string | undefined {
  if (id === undefined) return undefined
  const uuid = parseId(what, id)
  if (uuid === null)
    throw invalidValue(param, `${param} is not an id like ${PREFIXES[what]}<uuid>.`)
  return uuid
}

function parseId(what: Prefixed, id: string): string | null {
  const prefix = PREFIXES[what]
  const uuid = id.slice(prefix.length)
  return id.startsWith(prefix) && UUID.test(uuid) ? uuid : null
}
