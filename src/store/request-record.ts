import type { Outcome } from '../domain/ending.ts'
import type { Usage } from '../domain/usage/usage.ts'
import { detailsOf } from '../domain/usage/usage-details.ts'
import type { Stage } from '../request/timeline.ts'

export type { Outcome }

/** What failed, as a person needs it: never a prompt, an answer, a key or a header. */
export type RecordedError = {
  message: string
  stack: string | null
  causes: string[]
}

/** One try at an upstream. */
export type Attempt = {
  provider: string
  baseUrl: string
  /** The model's name there. */
  upstreamModel: string
  /** The upstream's status; null when it never answered. */
  status: number | null
  /** The catalogue's code of what went wrong; null when nothing did. */
  errorCode: string | null
  durationMs: number
}

/** The terminal record of an authenticated request. */
export type RequestRecord = Usage & {
  keyId: string
  endpoint: string
  /** Null where the request failed before it was known; likewise the upstream's fields. */
  model: string | null
  provider: string | null
  baseUrl: string | null
  upstreamModel: string | null
  stream: boolean
  status: number
  outcome: Outcome
  /** The stage in which it ended. */
  stage: Stage
  /** Milliseconds from the start at which it entered each stage. */
  stages: Partial<Record<Stage, number>>
  attempts: Attempt[]
  slices: number
  errorCode: string | null
  error: RecordedError | null
  ttftMs: number | null
  durationMs: number
  chunkCount: number
  completionLength: number
  usageSource: 'reported' | 'estimated' | null
  /** What the estimate was, also where the upstream reported. */
  estimatedTokens: number
  priceId: string | null
  /** The markup pinned on the hold, in parts per million; null where nothing was held. */
  markupPpm: string | null
  /** Micro-credits per 1,000 tokens where no price was known; else null, or left out. */
  fallbackRate?: string | null
}

/** The record under its column names. Text is made storable: Postgres has no NUL in text. */
export function toRow(record: RequestRecord): Record<string, unknown> {
  const { error } = record
  return {
    key_id: record.keyId,
    endpoint: storable(record.endpoint),
    model: record.model && storable(record.model),
    provider: record.provider,
    base_url: record.baseUrl,
    upstream_model: record.upstreamModel && storable(record.upstreamModel),
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    stage: record.stage,
    stages: record.stages,
    attempts: record.attempts.map(attemptRow),
    slices: record.slices,
    error_code: record.errorCode,
    error: error && {
      message: storable(error.message),
      stack: error.stack && storable(error.stack),
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
    usage_details: detailsOf(record),
    usage_source: record.usageSource,
    estimated_tokens: record.estimatedTokens,
    price_id: record.priceId,
    fallback_rate: record.fallbackRate ?? null,
    markup_ppm: record.markupPpm ?? null, // a journal of an older server has none
  }
}

function attemptRow({ provider, baseUrl, upstreamModel, ...rest }: Attempt) {
  const { status, errorCode, durationMs } = rest
  const upstream = { provider, base_url: baseUrl, upstream_model: storable(upstreamModel) }
  return { ...upstream, status, error_code: errorCode, duration_ms: durationMs }
}

/** No NUL, and no half of a surrogate pair. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
