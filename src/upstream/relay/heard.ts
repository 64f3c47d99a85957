import type { Outcome } from '../../domain/ending.ts'
import { brokenOffUsage, type EstimationMethod } from '../../domain/usage/estimate.ts'
import type { ProxyError } from '../../errors.ts'
import type { StreamTap, Verdict } from '../../wire/sse/stream-tap.ts'
import { failureInBand } from '../failure.ts'
import { withoutKey } from '../without-key.ts'
import type { Relayed } from './relay.ts'

/** What a stream that is over leaves of what was heard of it: the ground of its charge. */
export function heardOf(
  tap: StreamTap,
  outcome: Outcome,
  estimation: EstimationMethod,
): Pick<Relayed, 'outcome' | 'delivered' | 'reported' | 'oddUsage'> {
  const { chunkCount, completionLength, mediaTokens, toolCalls, usage, oddUsage } = tap
  const delivered = { chunkCount, completionLength, mediaTokens, toolCalls }
  const isWhole = outcome === 'completed'
  const reported = isWhole ? usage : brokenOffUsage(usage, tap.unreported, estimation)
  return { outcome, delivered, reported, oddUsage }
}

/**
 * An error that an upstream told in its stream, and the event that tells it in words without the
 * upstream's insides (W-37); no event where clients know none, or where the trouble is between us
 * and the upstream (W-38).
 */
export function toldInBand(
  { error: told, last }: Extract<Verdict, { kind: 'error' }>,
  apiKey: string | null,
): { error: ProxyError; event?: string } {
  const error = failureInBand(told, apiKey)
  if (last === undefined || error.code === 'upstream_misconfigured') return { error }
  return { error, event: withoutKey(last(error.message), apiKey) }
}
