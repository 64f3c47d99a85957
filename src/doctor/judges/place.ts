import { hasApiVersion, isSameBase } from '../base-urls.ts'
import { doorOf } from '../door.ts'
import { type Finding, found, ok } from '../finding.ts'
import { inWords } from '../heard.ts'
import type { Knock, Observed } from '../observed.ts'

const HEADER_NAMES = {
  authorization: 'Authorization: Bearer',
  'api-key': 'api-key',
  'x-api-key': 'x-api-key',
}

/** Where the upstream answers, and what it wants before it does. */
export function judgePlace(observed: Observed): Finding[] {
  const { place, given, hasKey } = observed
  if (place === null) return judgeClosedDoors(observed)
  const { baseUrl, authHeader } = place
  const version = new URL(baseUrl).searchParams.get('api-version')
  const isPlain = authHeader === 'authorization'
  return [
    isSameBase(withoutVersion(given), withoutVersion(baseUrl))
      ? ok('base_url', `${baseUrl} answers chat completions`)
      : found('other-base-url', `${given} does not answer chat completions, ${baseUrl} does`),
    version !== null && !hasApiVersion(given)
      ? found('api-version', `it wants a version in the query: api-version=${version} works`)
      : ok('api_version', version === null ? 'none is needed' : `${version}, as given`),
    isPlain || !hasKey
      ? ok('key', hasKey ? 'accepted as Authorization: Bearer' : 'none was given, none is wanted')
      : found('key-header', `refused as a bearer token, accepted in the header ${authHeader}`, {
          authHeader,
        }),
  ]
}

/** Nothing answers: the door that opened furthest says why. */
function judgeClosedDoors({ given, hasKey, knocks }: Observed): Finding[] {
  const behind = (door: string) => knocks.find(({ heard }) => doorOf(heard) === door)
  const silent = behind('silent')
  if (silent?.heard.status === null) {
    const { why, message } = silent.heard
    return [found(why === 'address_refused' ? 'address-refused' : 'unreachable', message)]
  }
  const locked = behind('locked')
  if (locked) return [ok('base_url', `${locked.baseUrl} answers`), judgeLock(locked, hasKey)]
  const moved = behind('moved')
  if (moved?.heard.status) {
    const { status, headers } = moved.heard
    const to = headers.location ?? 'nowhere'
    return [found('redirect', `${moved.baseUrl} answered ${status} and leads to ${to}`)]
  }
  const closed = behind('closed')
  if (closed) return [found('server-down', `${closed.baseUrl} ${inWords(closed.heard)}`)]
  const unversioned = behind('unversioned')
  if (unversioned) {
    return [found('other-api-version', `${unversioned.baseUrl} ${inWords(unversioned.heard)}`)]
  }
  const tried = new Set(knocks.map(({ baseUrl }) => baseUrl))
  const others = [...tried].filter((baseUrl) => !isSameBase(baseUrl, given))
  const also = others.length > 0 ? `; neither do ${others.join(', ')}` : ''
  return [found('no-endpoint', `${given} answers no chat completions${also}`)]
}

function judgeLock({ heard }: Knock, hasKey: boolean): Finding {
  if (!hasKey) return found('key-missing', `without a key it ${inWords(heard)}`)
  const headers = Object.values(HEADER_NAMES).join(', ')
  return found('key-refused', `${inWords(heard)}; the key was tried as ${headers}`)
}

function withoutVersion(baseUrl: string): string {
  const url = new URL(baseUrl)
  url.searchParams.delete('api-version')
  return url.href
}
