import type { FastifyRequest } from 'fastify'
import { Meter } from '../domain/meter.ts'
import { heldRate } from '../domain/prices/held-rate.ts'
import type { Serving } from '../upstream/attempt.ts'
import { bodyOf } from './endpoint-of.ts'

/** What a client is told whose stream ends because its hold can not grow. */
const SHORTAGES = {
  balance: 'insufficient_quota',
  key: 'spend_limit_reached',
  account: 'account_suspended',
} as const

/** What the answer's relay has to know of the route that is taken now. */
export function servingOf(request: FastifyRequest): Serving {
  const { hold, route } = request
  const { model, prompt } = bodyOf(request)
  const rate = heldRate(route.rate, prompt)
  const meter = new Meter({ ...hold.plan, rate, amount: hold.amount })
  return {
    alias: route.upstreamModel === model ? null : model,
    apiKey: route.target.apiKey,
    reasoningTokens: route.target.profile.reasoningTokens,
    meter,
    extend: (amount) => extend(request, meter, amount),
    shortage: () => SHORTAGES[hold.limitedBy],
  }
}

/**
 * Lets the hold grow; where the ledger has no more, a prompt that was only bounded is counted.
 * @returns the hold's amount; null where it stays
 * @throws Error where the ledger can not be asked, or others have ended the hold; then the stream
 * goes on
 */
async function extend(
  request: FastifyRequest,
  meter: Meter,
  amount: bigint,
): Promise<bigint | null> {
  const { hold, account, server } = request
  const held = await server.database.extend.submit({
    id: request.id,
    accountId: account.id,
    amount,
  })
  if (held === null) throw new Error('others have ended the hold: this will be a late result')
  hold.limitedBy = held.limitedBy
  if (held.amount > hold.amount) {
    hold.amount = held.amount
    hold.slices += 1
    return held.amount
  }
  if (hold.isExact) return null
  hold.isExact = true
  const counted = await server.countPrompt(request)
  if (counted === null || counted >= hold.plan.promptTokens) return null
  meter.promptCounted(counted)
  return hold.amount
}
