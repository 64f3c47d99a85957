/** Base URLs that are tried at most. */
const CANDIDATES_MAX = 6

/** Prefixes that well-known servers have where people leave them out. */
const PREFIXES = ['/v1', '/api/v1', '/openai/v1']

/** People paste the address of an endpoint, too. */
const ENDPOINT = /\/(chat\/completions|completions|models|responses|embeddings)$/

/** Versions of the API to offer an upstream that wants one: Azure's, and that of its catalogue. */
export const API_VERSIONS = ['2024-10-21', '2024-05-01-preview'] as const

/**
 * Base URLs under which an upstream may be meant: the one that was given, and what it becomes when
 * /v1 is added, taken away or no longer doubled.
 * @returns at most CANDIDATES_MAX, the most likely first, without trailing slashes
 */
export function baseUrlsFor(given: URL): string[] {
  const path = given.pathname.replace(/\/+$/, '').replace(ENDPOINT, '').replace(/\/+/g, '/')
  const without = path.replace(/(\/v1)+$/, '')
  const isBare = without === ''
  const isDoubled = /\/v1\/v1$/.test(path)
  const paths = [
    path,
    ...(isDoubled ? [`${without}/v1`, without] : []),
    ...(path.endsWith('/v1') ? [without] : [`${path}/v1`]),
    ...(isBare ? PREFIXES : []),
  ]
  const urls = paths.map((one) => `${given.origin}${one}${given.search}`)
  const versioned = isAzure(given) ? [withApiVersion(urls[0] as string, API_VERSIONS[0])] : []
  return [...new Set([...urls, ...versioned])].slice(0, CANDIDATES_MAX)
}

/**
 * The base URL to which a redirect of its chat completions leads: on the same origin, or behind TLS
 * on the same host; else null, since the key goes along.
 */
export function redirectedBase(baseUrl: string, location: string): string | null {
  const from = new URL(baseUrl)
  const endpoint = `${from.origin}${from.pathname.replace(/\/+$/, '')}/chat/completions`
  if (!URL.canParse(location, endpoint)) return null
  const to = new URL(location, endpoint)
  const path = to.pathname.replace(/\/+$/, '')
  const isSecured = to.hostname === from.hostname && to.protocol === 'https:'
  if ((to.origin !== from.origin && !isSecured) || !ENDPOINT.test(path)) return null
  return `${to.origin}${path.replace(ENDPOINT, '')}${to.search}`
}

/** The same base URL with a version of the API in its query. */
export function withApiVersion(baseUrl: string, version: string): string {
  const url = new URL(baseUrl)
  url.searchParams.set('api-version', version)
  return url.href
}

export function hasApiVersion(baseUrl: string): boolean {
  return new URL(baseUrl).searchParams.has('api-version')
}

/** Whether two base URLs lead to the same place. */
export function isSameBase(a: string, b: string): boolean {
  return withoutSlash(a) === withoutSlash(b)
}

function withoutSlash(baseUrl: string): string {
  const { origin, pathname, search } = new URL(baseUrl)
  return origin + pathname.replace(/\/+$/, '') + search
}

/** It answers a missing version with 404, as if there were nothing. */
function isAzure({ hostname, searchParams }: URL): boolean {
  return hostname.endsWith('.azure.com') && !searchParams.has('api-version')
}
