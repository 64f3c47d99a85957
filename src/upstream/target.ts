import { PLAIN_PROFILE, type Profile } from '../wire/profile.ts'

/** One upstream: where it is and how it is spoken to. */
export type UpstreamTarget = {
  /** The provider's name in the price table and the log. */
  provider: string
  /** The base URL as the operator gave it, without secrets: for logs and records. */
  baseUrl: string
  origin: string
  apiKey: string | null
  /** Its quirks. */
  profile: Profile
  /** Who named it: the environment is trusted to lead anywhere, the database is not. */
  source: 'env' | 'database'
  /** The full request path of an endpoint: any prefix of the base URL, the endpoint, its query. */
  pathOf(endpoint: string): string
}

/**
 * @param baseUrl with any path prefix, with or without a trailing slash, such as
 * `https://h/openai/v1/`
 */
export function upstreamTarget(
  provider: string,
  baseUrl: URL,
  apiKey: string | null,
  source: UpstreamTarget['source'],
  profile: Profile = PLAIN_PROFILE,
): UpstreamTarget {
  const prefix = baseUrl.pathname.replace(/\/+$/, '')
  return {
    provider,
    baseUrl: `${baseUrl.origin}${prefix}`,
    origin: baseUrl.origin,
    apiKey,
    profile,
    source,
    pathOf: (endpoint) => `${prefix}${endpoint}${baseUrl.search}`,
  }
}
