import { per1000Tokens } from '../domain/prices/price.ts'
import type { OpenHold } from '../store/instances.ts'
import type { Settlement } from '../store/lanes/settle.ts'

type Terms = {
  endpoint: string
  model: string
  provider: string
  base_url: string
  upstream_model: string
  stream: boolean
  price_id: string | null
  markup_ppm: string
  rate?: { input: string }
}

/** Milliseconds that a record can tell, about 24 days: a hold may have been left for longer. */
const DURATION_MAX_MS = 2_147_483_647

const ORPHANED = 'The process that served the request ended before the request did.'

/**
 * How the hold of a request is settled that nobody serves any more: at its last checkpoint.
 * @param why a sentence for its record
 */
export function crashSettlement(hold: OpenHold, now: Date, why = ORPHANED): Settlement {
  const terms = hold.terms as Terms
  return {
    id: hold.id,
    accountId: hold.accountId,
    cost: hold.metered,
    record: {
      keyId: hold.keyId,
      endpoint: terms.endpoint,
      model: terms.model,
      provider: terms.provider,
      baseUrl: terms.base_url,
      upstreamModel: terms.upstream_model,
      stream: terms.stream,
      priceId: terms.price_id,
      markupPpm: terms.markup_ppm,
      fallbackRate: fallbackOf(terms),
      status: 0,
      outcome: 'crashed',
      stage: 'answer',
      stages: {},
      attempts: [],
      slices: 0,
      errorCode: 'internal_error',
      error: {
        message: why,
        stack: null,
        causes: [`its instance was ${hold.instanceId}`],
      },
      ttftMs: null,
      durationMs: Math.min(Math.max(0, now.getTime() - hold.createdAt.getTime()), DURATION_MAX_MS),
      chunkCount: 0,
      completionLength: 0,
      promptTokens: 0,
      cachedTokens: 0,
      completionTokens: 0,
      reasoningTokens: 0,
      usageSource: 'estimated',
      estimatedTokens: 0,
    },
  }
}

/** Its rate where no price was known. */
function fallbackOf({ price_id: priceId, rate }: Terms): string | null {
  return priceId === null && rate ? per1000Tokens(BigInt(rate.input)).toString() : null
}
