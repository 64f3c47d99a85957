import { recordError } from '../credit/settlement.ts'
import { formatCredits, type MicroCredits } from '../domain/credits.ts'
import { detailsOf } from '../domain/usage/usage-details.ts'
import type { ProxyError } from '../errors.ts'
import type { SettleAnswer } from '../store/lanes/settle.ts'
import type { RequestRecord } from '../store/request-record.ts'
import type { HeldLine, UnheldLine } from './log-schema.ts'

/**
 * The canonical line of a request that held credits: built from named facts, never by redaction.
 * The logger adds request_id. A hold below the charge has grown to it when it was settled.
 */
export function settledLine(
  accountId: string,
  hold: MicroCredits,
  record: RequestRecord,
  charge: SettleAnswer,
  clientRetries: number | null,
): HeldLine {
  const { error, errorCode: code } = record
  return {
    account_id: `acc_${accountId}`,
    key_id: `key_${record.keyId}`,
    endpoint: record.endpoint,
    model: record.model,
    provider: record.provider,
    base_url: record.baseUrl,
    upstream_model: record.upstreamModel,
    status: record.status,
    outcome: record.outcome,
    stage: record.stage,
    attempts: record.attempts.length,
    error: error && code ? { code, ...error } : null,
    ttft_ms: record.ttftMs,
    duration_ms: record.durationMs,
    client_retries: clientRetries,
    stream: record.stream,
    chunk_count: record.chunkCount,
    completion_length: record.completionLength,
    prompt_tokens: record.promptTokens,
    completion_tokens: record.completionTokens,
    cached_tokens: record.cachedTokens,
    usage_details: detailsOf(record),
    usage_source: record.usageSource,
    estimated_tokens: record.estimatedTokens,
    hold: formatCredits(charge && charge.charged > hold ? charge.charged : hold),
    charged: charge && formatCredits(charge.charged),
    uncollected: charge && formatCredits(charge.uncollected),
  }
}

/** The line of a request that held nothing: refused, or free. */
export function requestLine(facts: {
  /** Who asked, where that was found out. */
  account?: { id: string; keyId: string } | null
  endpoint: string | null
  status: number
  /** The client was sent the whole answer. */
  isWhole: boolean
  /** The request whose kept answer it was sent. */
  replayOf?: string | null
  durationMs: number
  clientRetries?: number | null
  failure: ProxyError | null
}): UnheldLine {
  const { account, failure, isWhole } = facts
  return {
    account_id: account ? `acc_${account.id}` : null,
    key_id: account ? `key_${account.keyId}` : null,
    endpoint: facts.endpoint,
    status: facts.status,
    outcome: failure ? 'refused' : isWhole ? 'completed' : 'client_gone',
    replay_of: facts.replayOf ?? null,
    error: failure && errorOf(failure),
    duration_ms: facts.durationMs,
    client_retries: facts.clientRetries ?? null,
  }
}

/** Our own refusals are told by their code; a stack is for what we did not expect. */
function errorOf(failure: ProxyError) {
  const { message, stack, causes } = recordError(failure)
  const expected = failure.status < 500
  return { code: failure.code, message, causes, ...(expected ? {} : { stack }) }
}
