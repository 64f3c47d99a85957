import type { FastifyRequest } from 'fastify'
import { formatCredits, type MicroCredits } from '../domain/credits.ts'
import type { RateLimits } from '../domain/tier.ts'
import { ProxyError } from '../errors.ts'
import type { ReserveAnswer } from '../store/lanes/reserve.ts'

/** Seconds a client is told to wait at most: SDKs ignore or misread longer ones (W-32). */
const RETRY_AFTER_MAX_S = 59

const SPEND_HELD =
  'Running requests of this API key hold what its spending limit leaves. Try again when they end.'

type Limited = Pick<FastifyRequest, 'tier' | 'account'>

/** What is left of limits of requests and tokens a minute, where there are such (W-120). */
export function limitHeaders(
  { tier, account }: Limited,
  { remaining, tokensLeft }: Pick<ReserveAnswer, 'remaining' | 'tokensLeft'>,
): Record<string, string> {
  const lower = (name: keyof RateLimits) =>
    Math.min(...[tier[name], account.keyLimits[name]].filter((limit) => limit !== null))
  return {
    ...(remaining !== null && headersOf('requests', lower('requestsPerMinute'), remaining)),
    ...(tokensLeft !== null && headersOf('tokens', lower('tokensPerMinute'), tokensLeft)),
  }
}

/** A debt is told as nothing left, and by the time it takes to fill the bucket. */
function headersOf(what: 'requests' | 'tokens', limit: number, left: number) {
  return {
    [`x-ratelimit-limit-${what}`]: String(limit),
    [`x-ratelimit-remaining-${what}`]: String(Math.max(0, left)),
    [`x-ratelimit-reset-${what}`]: `${Math.ceil(((limit - left) * 60) / limit)}s`,
  }
}

/**
 * The cause is for the record: what was needed, or which limit was reached.
 * @throws ProxyError insufficient_quota, credits_held, spend_limit_reached, rate_limit_exceeded,
 * concurrency_limit_exceeded, account_suspended, account_frozen
 */
export function refuseUnlessHeld(
  { outcome, waitMs }: ReserveAnswer,
  request: Limited,
  minimum: MicroCredits,
): void {
  const needs = `it needs at least ${formatCredits(minimum)} credits`
  switch (outcome) {
    case 'held':
      return
    case 'insufficient':
      throw new ProxyError('insufficient_quota', { cause: new Error(needs) })
    case 'credits_held':
      throw new ProxyError('credits_held', { cause: new Error(needs) })
    case 'spend_reached':
      throw new ProxyError('spend_limit_reached', { cause: spendCause(request, needs) })
    case 'spend_held':
      throw new ProxyError('credits_held', {
        message: SPEND_HELD,
        cause: spendCause(request, needs),
      })
    case 'rate_limited':
      throw new ProxyError('rate_limit_exceeded', {
        cause: limitCause(request, 'requestsPerMinute', 'requests a minute'),
        retryAfterS: retryAfter(waitMs),
      })
    case 'tokens_limited':
      throw new ProxyError('rate_limit_exceeded', {
        message: 'Too many tokens: a limit of tokens a minute is reached.',
        cause: limitCause(request, 'tokensPerMinute', 'tokens a minute'),
        retryAfterS: retryAfter(waitMs),
      })
    case 'too_many':
      throw new ProxyError('concurrency_limit_exceeded', {
        cause: limitCause(request, 'concurrency', 'requests at a time'),
      })
    case 'inactive':
      throw new ProxyError('account_suspended')
    case 'frozen':
      throw new ProxyError('account_frozen')
    default:
      throw new Error(`the ledger answered ${outcome} to a new hold`)
  }
}

function retryAfter(waitMs: number): number {
  return Math.min(Math.max(Math.ceil(waitMs / 1_000), 1), RETRY_AFTER_MAX_S)
}

function spendCause({ account }: Limited, needs: string): Error {
  const { spend } = account.keyLimits
  const limit = spend && `${formatCredits(spend.amount)} (${spend.period})`
  return new Error(`${needs}, the key may spend ${limit}`)
}

function limitCause({ tier, account }: Limited, name: keyof RateLimits, what: string): Error {
  const allows = (limits: RateLimits) => `allows ${limits[name] ?? 'any number of'} ${what}`
  return new Error(`the tier ${tier.name} ${allows(tier)}, the key ${allows(account.keyLimits)}`)
}
