import type { IncomingHttpHeaders } from 'node:http'

/** How often a client says that it has sent this request before (W-34); null where it does not. */
export function clientRetries(headers: IncomingHttpHeaders): number | null {
  const told = String(headers['x-stainless-retry-count'])
  return /^[0-9]{1,3}$/.test(told) ? Number(told) : null
}
