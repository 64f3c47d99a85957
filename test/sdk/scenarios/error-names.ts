import type { Scenario } from './scenario.ts'

/** What Anthropic calls the errors that a client of its API tells apart by their type. */
const ANTHROPIC_TYPES: Record<string, string> = {
  insufficient_quota: 'billing_error',
  invalid_api_key: 'authentication_error',
  ledger_unavailable: 'overloaded_error',
  model_not_allowed: 'permission_error',
  rate_limit_exceeded: 'rate_limit_error',
  upstream_error: 'api_error',
  upstream_incomplete: 'api_error',
  upstream_misconfigured: 'api_error',
  upstream_timeout: 'timeout_error',
}

/** What the client of an endpoint is shown for a code of the catalogue with this status. */
export function shownAs(endpoint: Scenario['endpoint'], code: string, status: number): string {
  if (endpoint !== 'messages') return code
  const rejected = status === 404 ? 'not_found_error' : 'invalid_request_error'
  return code === 'upstream_rejected' ? rejected : (ANTHROPIC_TYPES[code] ?? 'unknown')
}
