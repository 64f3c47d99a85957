import { isKeyRefused } from '../wire/our-account.ts'
import { type Heard, isObject, messageIn, parse } from './heard.ts'

/**
 * How an address answers a chat completion that asks nothing:
 * `open`: as the endpoint does; `locked`: it wants a key, or another; `unversioned`: it wants an
 * api-version; `moved`: a redirect; `closed`: a gateway without a server behind it; `absent`:
 * there is no such endpoint; `silent`: there was no answer.
 */
export type Door = 'open' | 'locked' | 'unversioned' | 'moved' | 'closed' | 'absent' | 'silent'

const LOCKED = new Set([401, 403])
const ABSENT = new Set([404, 405, 410, 501])
const CLOSED = new Set([502, 503, 504])

export function doorOf(heard: Heard): Door {
  if (heard.status === null) return 'silent'
  const { status, body } = heard
  if (status >= 300 && status < 400) return 'moved'
  if (LOCKED.has(status) || isKeyRefused(messageIn(heard))) return 'locked'
  if (status >= 400 && /api[-_ ]version/i.test(body)) return 'unversioned'
  const value = parse(body)
  if (ABSENT.has(status)) return isAboutModel(value, messageIn(heard)) ? 'open' : 'absent'
  if (CLOSED.has(status)) return isObject(value) ? 'open' : 'closed'
  if (status < 300) return isObject(value) ? 'open' : 'absent'
  return 'open'
}

/** A 404 that misses the model, not the page. */
function isAboutModel(value: unknown, message: string): boolean {
  const error = isObject(value) && isObject(value.error) ? value.error : {}
  return error.code === 'model_not_found' || /\bmodel\b/i.test(message)
}
