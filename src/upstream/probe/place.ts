import {
  API_VERSIONS,
  baseUrlsFor,
  hasApiVersion,
  redirectedBase,
  withApiVersion,
} from '../../doctor/base-urls.ts'
import { type Door, doorOf } from '../../doctor/door.ts'
import type { Heard } from '../../doctor/heard.ts'
import type { AuthHeader, Knock, Place } from '../../doctor/observed.ts'
import { NO_QUESTION } from '../../doctor/questions.ts'
import type { Examined, ProbeSession } from './session.ts'

/** Redirects that lead to a base URL of their own: one to a prefix, one to TLS, one to spare. */
const REDIRECTS_MAX = 3

const AUTH_HEADERS: readonly AuthHeader[] = ['authorization', 'api-key', 'x-api-key']

/**
 * Looks for the base URL under which chat completions answer, the header that takes the key, and
 * the version it may want. It costs nothing: what is sent asks nothing.
 */
export async function findPlace(
  session: ProbeSession,
  { baseUrl, apiKey, authHeader }: Examined,
): Promise<{ knocks: Knock[]; place: Place | null }> {
  const knocks: Knock[] = []
  const headers = apiKey === null ? [authHeader] : [authHeader, ...without(authHeader)]
  const candidates = baseUrlsFor(baseUrl)
  const candidatesMax = candidates.length + REDIRECTS_MAX
  for (const candidate of candidates) {
    const knock = await knockAt(session, candidate, headers, knocks)
    const { heard } = knock
    const door = doorOf(heard)
    if (door === 'open' && heard.status !== null) return { knocks, place: { ...knock, heard } }
    if (door === 'silent') break // all of them are on one host
    if (door === 'moved' && heard.status !== null) {
      const base = redirectedBase(knock.baseUrl, heard.headers.location ?? '')
      const isNew = base !== null && !candidates.includes(base)
      if (isNew && candidates.length < candidatesMax) candidates.push(base)
    }
  }
  return { knocks, place: null }
}

/** Tries one base URL: with other headers where it is locked, with a version if it wants one. */
async function knockAt(
  session: ProbeSession,
  candidate: string,
  authHeaders: readonly AuthHeader[],
  knocks: Knock[],
): Promise<Knock> {
  const headers = [...authHeaders]
  const versions = hasApiVersion(candidate) ? [] : [...API_VERSIONS]
  let address = { baseUrl: candidate, authHeader: headers.shift() as AuthHeader }
  for (;;) {
    const heard: Heard = await session.chat(address, NO_QUESTION)
    const knock = { ...address, heard }
    knocks.push(knock)
    const door: Door = doorOf(heard)
    const header = door === 'locked' ? headers.shift() : undefined
    const version = door === 'unversioned' ? versions.shift() : undefined
    if (header !== undefined) address = { ...address, authHeader: header }
    else if (version !== undefined) {
      address = { ...address, baseUrl: withApiVersion(candidate, version) }
    } else return knock
  }
}

function without(header: AuthHeader): AuthHeader[] {
  return AUTH_HEADERS.filter((one) => one !== header)
}
