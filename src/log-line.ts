import { formatCredits } from './domain/credits.ts'
import type { ProxyError } from './errors.ts'
import { recordError } from './settlement.ts'
import type { RequestRecord } from './store/request-record.ts'
import type { SettleAnswer } from './store/settle.ts'

/** The canonical line of a request that held credits: built from named facts, never by redaction. */
export function settledLine(
  requestId: string,
  accountId: string,
  record: RequestRecord,
  charge: SettleAnswer,
) {
  return {
    request_id: requestId,
    account_id: `acc_${accountId}`,
    key_id: `key_${record.keyId}`,
    endpoint: record.endpoint,
    model: record.model,
    provider: record.provider,
    base_url: record.baseUrl,
    upstream_model: record.upstreamModel,
    status: record.status,
    outcome: record.outcome,
    error: record.error && { code: record.errorCode, ...record.error },
    ttft_ms: record.ttftMs,
    duration_ms: record.durationMs,
    stream: record.stream,
    chunk_count: record.chunkCount,
    completion_length: record.completionLength,
    prompt_tokens: record.promptTokens,
    completion_tokens: record.completionTokens,
    cached_tokens: record.cachedTokens,
    usage_source: record.usageSource,
    estimated_tokens: record.estimatedTokens,
    charged: charge && formatCredits(charge.charged),
    uncollected: charge && formatCredits(charge.uncollected),
  }
}

/** The line of a request that held nothing: refused, or free. */
export function requestLine(facts: {
  requestId: string
  endpoint: string | null
  status: number
  durationMs: number
  failure: ProxyError | null
}) {
  const { failure } = facts
  return {
    request_id: facts.requestId,
    endpoint: facts.endpoint,
    status: facts.status,
    outcome: failure === null ? 'completed' : 'refused',
    error: failure && { code: failure.code, ...recordError(failure) },
    duration_ms: facts.durationMs,
  }
}
