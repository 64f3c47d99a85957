import type { Definer } from './definer.ts'

const RESULTS = ['claimed', 'replayed', 'in_use', 'reused', 'gone'] as const

export type IdempotencyMetrics = (result: (typeof RESULTS)[number]) => void

/** Counts requests with an Idempotency-Key by what the key decided. */
export function createIdempotencyMetrics({ counter }: Definer): IdempotencyMetrics {
  const help = 'Requests with an Idempotency-Key.'
  const requests = counter('idempotent_requests_total', help, ['result'])
  for (const result of RESULTS) requests.inc({ result }, 0)
  return (result) => requests.inc({ result })
}
