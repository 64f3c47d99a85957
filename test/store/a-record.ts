import type { RequestRecord } from '../../src/store/request-record.ts'

const RECORD: RequestRecord = {
  keyId: '01900000-0000-7000-8000-00000000000a',
  endpoint: '/v1/chat/completions',
  model: 'sandbox-echo',
  provider: 'openai',
  baseUrl: 'https://upstream.example/v1',
  upstreamModel: 'sandbox-echo',
  stream: true,
  status: 200,
  outcome: 'completed',
  stage: 'ended',
  stages: { auth: 0, answer: 12 },
  attempts: [],
  slices: 0,
  errorCode: null,
  error: null,
  ttftMs: 12,
  durationMs: 345,
  chunkCount: 6,
  completionLength: 24,
  promptTokens: 9,
  cachedTokens: 0,
  completionTokens: 6,
  reasoningTokens: 0,
  usageSource: 'reported',
  estimatedTokens: 15,
  priceId: null,
  markupPpm: '1000000',
}

/** The record of a request like any other, but for the changes. */
export function aRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return { ...RECORD, ...changes }
}
