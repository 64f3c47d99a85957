import type { IncomingHttpHeaders } from 'node:http'
import type { Profile } from '../wire/profile.ts'

/** Client headers that travel upstream; every other is dropped (W-115, W-116). */
const FORWARDED = ['openai-beta', 'traceparent', 'tracestate'] as const
const USER_AGENT = 'tollkeeper'

/** The headers of an upstream request, built from nothing (W-75, W-115). */
export function upstreamHeaders(request: {
  client: IncomingHttpHeaders
  apiKey: string | null
  /** The header that carries the key. */
  authHeader: Profile['authHeader']
  stream: boolean
  requestId: string
}): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: request.stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'user-agent': USER_AGENT,
    'x-request-id': request.requestId,
  }
  if (request.apiKey !== null) {
    const isBearer = request.authHeader === 'authorization'
    headers[request.authHeader] = isBearer ? `Bearer ${request.apiKey}` : request.apiKey
  }
  for (const name of FORWARDED) {
    const value = request.client[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}
