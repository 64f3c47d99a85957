import type { Attempt, RequestRecord } from '../store/request-record.ts'
import type { Definer } from './definer.ts'
import { type KnownNames, labelsOf, OTHER, providerLabel } from './names.ts'

/** What is known of every request that ended, also of one without an account. */
export type EndedRequest = {
  /** The pattern of its route; null where it had none. */
  endpoint: string | null
  status: number
  outcome: string
  durationMs: number
}

export type RequestMetrics = {
  /** A request that held nothing. */
  ended(request: EndedRequest): void
  /** A request of this process that held credits. */
  served(record: RequestRecord): void
}

const DURATION_S = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const FIRST_TOKEN_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 120]

/** Counts the requests of this process when they end, from their records. */
export function createRequestMetrics(
  { counter, histogram }: Definer,
  known: KnownNames,
): RequestMetrics {
  const requests = counter('requests_total', 'Requests that ended.', [
    'endpoint',
    'status',
    'outcome',
  ])
  const durations = histogram(
    'request_duration_seconds',
    'From the head of a request to the end of its answer.',
    ['endpoint'],
    DURATION_S,
  )
  const firstTokens = histogram(
    'time_to_first_token_seconds',
    'From sending a request upstream to the first piece of its answer.',
    ['provider', 'model'],
    FIRST_TOKEN_S,
  )
  const failures = counter('upstream_failures_total', 'Tries at an upstream that failed.', [
    'provider',
    'code',
  ])

  const failovers = counter(
    'failovers_total',
    'Times a request left a provider for another route.',
    ['provider', 'code'],
  )

  function ended({ endpoint, status, outcome, durationMs }: EndedRequest): void {
    const pattern = endpoint ?? OTHER
    requests.inc({ endpoint: pattern, status, outcome })
    durations.observe({ endpoint: pattern }, durationMs / 1_000)
  }

  function served(record: RequestRecord): void {
    ended(record)
    if (record.ttftMs !== null) {
      firstTokens.observe(labelsOf(record, known), record.ttftMs / 1_000)
    }
    for (const [at, attempt] of record.attempts.entries()) {
      const { provider, errorCode } = attempt
      if (errorCode === null || !isUpstreamFailure(errorCode)) continue
      const labels = { provider: providerLabel(provider, known), code: errorCode }
      failures.inc(labels)
      const next = record.attempts[at + 1]
      if (next && isElsewhere(next, attempt)) failovers.inc(labels)
    }
  }

  return { ended, served }
}

/** Whether an attempt took another route than the one before. */
function isElsewhere(attempt: Attempt, before: Attempt): boolean {
  return attempt.provider !== before.provider || attempt.upstreamModel !== before.upstreamModel
}

/** A try can also end because of us: out of credits, shutting down, the ledger away. */
function isUpstreamFailure(code: string): boolean {
  return code.startsWith('upstream_') || code === 'rate_limit_exceeded'
}
