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
