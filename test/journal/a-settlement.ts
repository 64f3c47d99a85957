import { randomUUIDv7 } from 'node:crypto'
import type { Settlement } from '../../src/store/lanes/settle.ts'

/** A settlement with this cost, and a message that needs escaping. */
export function aSettlement(cost: bigint): Settlement {
  return {
    id: randomUUIDv7(),
    accountId: randomUUIDv7(),
    cost,
    record: {
      keyId: randomUUIDv7(),
      endpoint: '/v1/chat/completions',
      model: 'a model\nwith a line feed',
      provider: 'openai',
      baseUrl: 'http://127.0.0.1/v1',
      upstreamModel: 'm',
      stream: true,
      status: 200,
      outcome: 'completed',
      stage: 'ended',
      stages: { auth: 0, ended: 5 },
      attempts: [],
      slices: 0,
      errorCode: null,
      error: null,
      ttftMs: 1,
      durationMs: 5,
      chunkCount: 1,
      completionLength: 4,
      promptTokens: 1,
      cachedTokens: 0,
      completionTokens: 1,
      reasoningTokens: 0,
      usageSource: 'reported',
      estimatedTokens: 2,
      priceId: null,
      markupPpm: '1000000',
    },
  }
}
