import type { IncomingHttpHeaders } from 'node:http'
import type { Endpoint } from '../endpoints/endpoint.ts'
import type { UpstreamTarget } from './target.ts'

/** Client headers that travel upstream; every other is dropped (W-115, W-116). */
const FORWARDED = {
  openai: ['openai-beta', 'traceparent', 'tracestate'],
  anthropic: ['anthropic-version', 'anthropic-beta', 'traceparent', 'tracestate'],
} as const
const USER_AGENT = 'tollkeeper'

/** The headers of an upstream request, built from nothing (W-75, W-115). */
export function upstreamHeaders(
  client: { id: string; headers: IncomingHttpHeaders },
  endpoint: Endpoint,
  stream: boolean,
  { apiKey, profile }: UpstreamTarget,
): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': contentType(client.headers, endpoint),
    accept: accepted(endpoint, stream),
    'accept-encoding': 'identity',
    'user-agent': USER_AGENT,
    'x-request-id': client.id,
  }
  if (apiKey !== null) {
    const isBearer = profile.authHeader === 'authorization'
    headers[profile.authHeader] = isBearer ? `Bearer ${apiKey}` : apiKey
  }
  for (const name of FORWARDED[endpoint.api]) {
    const value = client.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}

/** Parts are forwarded as they came, with the boundary that is between them. */
function contentType(client: IncomingHttpHeaders, { takes }: Endpoint): string {
  return takes === 'multipart/form-data' ? (client['content-type'] ?? takes) : takes
}

/** Who sends audio, or asks for it, may want an answer that is not JSON. */
function accepted({ takes, answersBytes }: Endpoint, stream: boolean): string {
  if (stream) return 'text/event-stream'
  return answersBytes || takes === 'multipart/form-data' ? '*/*' : 'application/json'
}

/** How SDKs tell in how many seconds they give up, for Node and for Python (W-141). */
const PATIENCE = ['x-stainless-timeout', 'x-stainless-read-timeout'] as const

/**
 * Milliseconds on top of what a client tells, in whole seconds rounded down: its own error for its
 * own timeout comes first, and ours only where it is still there.
 */
const PATIENCE_MARGIN_MS = 2_000

/** Milliseconds after which no client waits any more; null where it does not tell. */
export function clientPatience(client: IncomingHttpHeaders): number | null {
  const told = PATIENCE.map((name) => client[name]).filter((value) => typeof value === 'string')
  const seconds = told.filter((text) => /^\d{1,9}(\.\d{1,9})?$/.test(text)).map(Number)
  const least = Math.min(...seconds.filter((one) => one > 0))
  return Number.isFinite(least) ? Math.ceil(least * 1_000) + PATIENCE_MARGIN_MS : null
}
