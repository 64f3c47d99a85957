import { formatCredits } from '../../domain/credits.ts'
import type { StoredAdjustment } from '../../store/adjustments.ts'
import type { Repricing } from '../../store/prices/repricings.ts'
import type { EndedRequest, RunningRequest } from '../../store/requests.ts'
import { formatId } from './ids.ts'

/** A request that still runs: its hold, and the terms pinned on it. */
export function runningBody(hold: RunningRequest) {
  return {
    ...(hold.terms as Record<string, unknown>),
    id: hold.id,
    state: 'running',
    account_id: formatId('account', hold.accountId),
    key_id: formatId('key', hold.keyId),
    hold: formatCredits(hold.amount),
    metered: formatCredits(hold.metered),
    created_at: hold.createdAt.toISOString(),
  }
}

/** The record of a request that ended, its fields named like those of its log line. */
export function endedBody(record: EndedRequest) {
  return {
    id: record.id,
    state: record.charged > 0n ? 'settled' : 'released',
    account_id: formatId('account', record.accountId),
    key_id: formatId('key', record.keyId),
    endpoint: record.endpoint,
    model: record.model,
    provider: record.provider,
    base_url: record.baseUrl,
    upstream_model: record.upstreamModel,
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    stage: record.stage,
    stages: record.stages,
    attempts: record.attempts,
    slices: record.slices,
    error: errorOf(record),
    ttft_ms: record.ttftMs,
    duration_ms: record.durationMs,
    chunk_count: record.chunkCount,
    completion_length: record.completionLength,
    prompt_tokens: record.promptTokens,
    completion_tokens: record.completionTokens,
    cached_tokens: record.cachedTokens,
    reasoning_tokens: record.reasoningTokens,
    usage_details: record.usageDetails,
    usage_source: record.usageSource,
    estimated_tokens: record.estimatedTokens,
    price_id: record.priceId,
    markup_ppm: record.markupPpm?.toString() ?? null,
    fallback_per_1000_tokens:
      record.fallbackRate === null ? null : formatCredits(record.fallbackRate),
    hold: formatCredits(record.hold),
    charged: formatCredits(record.charged),
    uncollected: formatCredits(record.uncollected),
    created_at: record.createdAt.toISOString(),
  }
}

/** The record, and what was corrected since. */
export function storyBody(
  record: EndedRequest,
  adjustments: StoredAdjustment[],
  repricings: Repricing[],
) {
  return {
    ...endedBody(record),
    adjustments: adjustments.map(correctionBody),
    price_corrections: repricings.map(correctionBody),
  }
}

function correctionBody({ credits, reference, reason, createdAt }: Repricing) {
  return {
    credits: formatCredits(credits),
    reference,
    reason,
    created_at: createdAt.toISOString(),
  }
}

/** The code, with message, stack and causes where they were recorded. */
function errorOf({ errorCode, error }: EndedRequest) {
  if (errorCode === null && error === null) return null
  return { code: errorCode, ...(error as Record<string, unknown> | null) }
}
