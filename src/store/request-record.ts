import type { Outcome } from '../domain/ending.ts'

export type { Outcome }

/** What failed, as a person needs it: never a prompt, an answer, a key or a header. */
export type RecordedError = {
  message: string
  stack: string | null
  causes: string[]
}

/** The terminal record of a request that held credits. */
export type RequestRecord = {
  keyId: string
  endpoint: string
  model: string
  provider: string
  baseUrl: string
  upstreamModel: string
  stream: boolean
  status: number
  outcome: Outcome
  errorCode: string | null
  error: RecordedError | null
  ttftMs: number | null
  durationMs: number
  chunkCount: number
  completionLength: number
  promptTokens: number
  cachedTokens: number
  completionTokens: number
  reasoningTokens: number
  usageSource: 'reported' | 'estimated' | null
  /** What the estimate was, also where the upstream reported. */
  estimatedTokens: number
  priceId: string | null
}

/** The record under its column names. Text is made storable: Postgres has no NUL in text. */
export function toRow(record: RequestRecord): Record<string, unknown> {
  const { error } = record
  return {
    key_id: record.keyId,
    endpoint: record.endpoint,
    model: storable(record.model),
    provider: record.provider,
    base_url: record.baseUrl,
    upstream_model: storable(record.upstreamModel),
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    error_code: record.errorCode,
    error: error && {
      message: storable(error.message),
      stack: error.stack === null ? null : storable(error.stack),
      causes: error.causes.map(storable),
    },
    ttft_ms: record.ttftMs,
    duration_ms: record.durationMs,
    chunk_count: record.chunkCount,
    completion_length: record.completionLength,
    prompt_tokens: record.promptTokens,
    cached_tokens: record.cachedTokens,
    completion_tokens: record.completionTokens,
    reasoning_tokens: record.reasoningTokens,
    usage_source: record.usageSource,
    estimated_tokens: record.estimatedTokens,
    price_id: record.priceId,
  }
}

/** No NUL, and no half of a surrogate pair. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
