import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import { delay, SYSTEM_CLOCK } from '../src/clock.ts'
import { limitHeaders, refuseUnlessHeld } from '../src/credit/admission.ts'
import { settled } from '../src/credit/settled.ts'
import { settlementOf } from '../src/credit/settlement.ts'
import { promptBound } from '../src/domain/bounds.ts'
import type { MicroCredits } from '../src/domain/credits.ts'
import type { HoldPlan } from '../src/domain/hold.ts'
import { clampedAtDearest, planDearest } from '../src/domain/prices/dearest-plan.ts'
import { heldRate } from '../src/domain/prices/held-rate.ts'
import { rateTerms } from '../src/domain/prices/rate-terms.ts'
import { toProxyError } from '../src/errors.ts'
import { bodyOf } from '../src/request/endpoint-of.ts'
import { requestSlot } from '../src/request/request-slot.ts'
import type { HoldLimit } from '../src/store/lanes/extend.ts'
import { reroute } from '../src/store/lanes/reroute.ts'
import type { ReserveAnswer, ReserveOutcome } from '../src/store/lanes/reserve.ts'
import { storable } from '../src/store/request-record.ts'
import { Tokenizer } from '../src/tokens/tokenizer.ts'
import { estimatePrompt } from '../src/wire/requests/prompt.ts'

/** Refusals for credit: a smaller hold may fit. */
const TOO_DEAR: ReserveOutcome[] = ['insufficient', 'credits_held', 'spend_reached', 'spend_held']

/** Refusals that end when a request does: one that its client has read may not be settled yet. */
const UNTIL_SETTLED: ReserveOutcome[] = ['too_many', 'tokens_limited', 'credits_held', 'spend_held']

/** Milliseconds in which other instances settle what has ended there. */
const SETTLED_ELSEWHERE_MS = 30

/** Tokens drawn at most: a hundred times the largest limit, and a debt that int64 can count. */
const DRAWN_TOKENS_MAX = 100_000_000_000

/** Credits: nothing is sent upstream before the ledger holds what it may cost. */
async function credit(app: FastifyInstance): Promise<void> {
  const setHold = requestSlot(app, 'hold')
  const tokenizer = new Tokenizer()
  app.decorate('tokenizer', tokenizer)
  app.addHook('onClose', async () => tokenizer.close())

  app.decorate('countPrompt', async (request) => {
    const body = bodyOf(request)
    const prompt = app.promptText(request)
    const tokens = prompt && (await tokenizer.count(prompt.text))
    if (prompt === null || tokens === null) return null
    const media = { ...body.prompt, bytes: 0, binaryBytes: 0 }
    return tokens + prompt.overhead + promptBound(media, request.route.limits.contextWindow)
  })

  async function hold(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    request.timeline.enter('credit')
    const body = bodyOf(request)
    const { limits } = request.route
    let plan = planOf(request, promptBound(body.prompt, limits.contextWindow))
    let answer = await reserve(request, reply, { ...plan, minimum: plan.amount })
    if (UNTIL_SETTLED.includes(answer.outcome)) {
      await othersSettled(request)
      answer = await reserve(request, reply, { ...plan, minimum: plan.amount })
    }
    let isExact = false
    if (TOO_DEAR.includes(answer.outcome)) {
      const exact = await tightened(request, plan) // before anything is refused or clamped
      isExact = exact !== null
      plan = exact ?? plan
      if (isExact || plan.minimum < plan.amount) answer = await reserve(request, reply, plan)
    }
    reply.headers(limitHeaders(request, answer))
    refuseUnlessHeld(answer, request, plan.minimum)
    const outputLimit = clampedAtDearest(plan, answer.granted, body.choices, ratesOf(request))
    if (outputLimit !== null) reply.header('x-tollkeeper-max-tokens', String(outputLimit))
    setHold(request, {
      amount: answer.granted,
      plan,
      isExact,
      limitedBy: 'balance',
      outputLimit,
      slices: 0,
    })
    request.isHeld = true
  }

  app.decorate('holdCredits', async (request, reply) => {
    if (reply.raw.closed) return reply.hijack() // it left, and its record is written: no hold
    const holding = hold(request, reply)
    request.holding = holding.catch(() => {})
    await holding
  })
  app.decorate('repinTerms', (request) => {
    reroute(app.database.db, request.id, termsOf(request)).catch((err) =>
      request.log.debug({ err }, 'the terms of a hold name the route before'),
    )
  })
  app.decorateRequest('isHeld', false)
  app.decorateRequest('holding', null)
  app.decorateRequest('lettingGo', null)
}

async function reserve(
  request: FastifyRequest,
  reply: FastifyReply,
  plan: HoldPlan,
): Promise<ReserveAnswer> {
  const { account, tier, server } = request
  const reservation = {
    id: request.id,
    accountId: account.id,
    keyId: account.keyId,
    amount: plan.amount,
    minimum: plan.minimum,
    tokens: drawnTokens(request, plan),
    terms: termsOf(request),
    limits: { account: tier, key: account.keyLimits },
  }
  try {
    const { reserve } = server.database
    return await request.patience.spend((withinMs) => reserve.submit(reservation, withinMs))
  } catch (error) {
    // The hold may have been placed and its answer lost: whatever is there is let go again, by the
    // sweeper where an outage has refused so many that they do not fit the memory.
    request.failure = toProxyError(error)
    const { settlements } = server.database
    if (!settlements.isCrowded) request.lettingGo = settlements.add(settlementOf(request, reply))
    throw error
  }
}

/** Resolves when what the account has behind it is settled, or after half of the time there is. */
async function othersSettled({ account, patience, server }: FastifyRequest): Promise<void> {
  const { settlements } = server.database
  await patience.spend(async (withinMs) => {
    const isUnderWay = await settled(settlements, account.id, withinMs / 2)
    if (!isUnderWay) await delay(SYSTEM_CLOCK, SETTLED_ELSEWHERE_MS)
  })
}

/**
 * What a request draws from limits of tokens a minute: its prompt, estimated, and the output that
 * its hold covers. Its settlement makes that what it used.
 */
function drawnTokens(request: FastifyRequest, plan: HoldPlan): number {
  const promptTokens = Math.min(estimatePrompt(bodyOf(request).prompt), plan.promptTokens)
  return Math.min(Math.ceil(promptTokens + plan.outputTokens), DRAWN_TOKENS_MAX)
}

/** The plan with the exact size of the prompt; null where its bound is as good. */
async function tightened(request: FastifyRequest, plan: HoldPlan): Promise<HoldPlan | null> {
  const tokens = await request.server.countPrompt(request)
  return tokens !== null && tokens < plan.promptTokens ? planOf(request, tokens) : null
}

function planOf(request: FastifyRequest, promptTokens: number): HoldPlan {
  const { tier, route } = request
  const asked = { ...bodyOf(request), promptTokens, model: route.limits, tier }
  return planDearest(asked, ratesOf(request))
}

/** What the request may be held at: one rate for each route it may take. */
function ratesOf(request: FastifyRequest) {
  const { route, otherRoutes } = request
  const { prompt } = bodyOf(request)
  const others = otherRoutes.map(({ rate }) => heldRate(rate, prompt))
  return [heldRate(route.rate, prompt), ...others] as const
}

/**
 * What is pinned on the hold, so that a change of price or route never touches a running request.
 */
function termsOf(held: FastifyRequest) {
  const { model, stream } = bodyOf(held)
  const { route, routeOptions } = held
  const { markupPpm, priceId } = route.rate
  return {
    endpoint: routeOptions.url,
    model: storable(model),
    provider: route.target.provider,
    base_url: route.target.baseUrl,
    upstream_model: storable(route.upstreamModel),
    stream,
    price_id: priceId,
    markup_ppm: markupPpm.toString(),
    rate: rateTerms(route.rate),
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Hook (preHandler). @throws ProxyError insufficient_quota, credits_held, spend_limit_reached,
     * rate_limit_exceeded, concurrency_limit_exceeded, account_suspended, account_frozen,
     * ledger_unavailable
     */
    holdCredits: preHandlerAsyncHookHandler
    /** The tokens of a request's prompt, counted; null when that takes too long. */
    countPrompt(request: FastifyRequest): Promise<number | null>
    /** Tells the ledger by which route a held request is served now; nobody waits for that. */
    repinTerms(request: FastifyRequest): void
    tokenizer: Tokenizer
  }
  interface FastifyRequest {
    /** Credits held for this request; they end in settlement, whatever happens. */
    readonly hold: {
      /** Grows with the slices of a stream. */
      amount: MicroCredits
      /** Slices a stream took on top of the first hold. */
      slices: number
      plan: HoldPlan
      /** The prompt was counted, not only bounded. */
      isExact: boolean
      /** What kept it from growing. */
      limitedBy: HoldLimit
      /** The output limit a choice is sent upstream with; null leaves the client's alone. */
      outputLimit: number | null
    }
    isHeld: boolean
    /** Settled when it is known whether the request is held: a client may leave before that. */
    holding: Promise<void> | null
    /** Settled when a hold whose answer was lost is let go. */
    lettingGo: Promise<unknown> | null
  }
}

export default fp(credit, { name: 'credit', dependencies: ['buffers', 'database', 'tier'] })
