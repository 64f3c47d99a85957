import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import { promptBound } from '../src/domain/bounds.ts'
import { formatCredits, type MicroCredits } from '../src/domain/credits.ts'
import { clampedLimit, type HoldPlan, planHold } from '../src/domain/hold.ts'
import type { RateLimits } from '../src/domain/tier.ts'
import { ProxyError, toProxyError } from '../src/errors.ts'
import { requestSlot } from '../src/request-slot.ts'
import { settlementOf } from '../src/settlement.ts'
import { storable } from '../src/store/request-record.ts'
import type { ReserveAnswer } from '../src/store/reserve.ts'
import { Tokenizer } from '../src/tokenizer.ts'
import type { ChatRequest } from '../src/wire/chat-request.ts'
import { promptText } from '../src/wire/prompt.ts'

/** Tokens a chat template adds around a message, at most. */
const TEMPLATE_TOKENS_PER_MESSAGE = 8

/** Seconds a client is told to wait at most: SDKs ignore or misread longer ones (W-32). */
const RETRY_AFTER_MAX_S = 59

/** Credits: nothing is sent upstream before the ledger holds what it may cost. */
async function credit(app: FastifyInstance): Promise<void> {
  const setHold = requestSlot(app, 'hold')
  const tokenizer = new Tokenizer()
  app.decorate('tokenizer', tokenizer)
  app.addHook('onClose', async () => tokenizer.close())

  app.decorate('countPrompt', async ({ body, route }) => {
    const { messages, prompt } = body as ChatRequest
    const tokens = await tokenizer.count(promptText(messages))
    if (tokens === null) return null
    const media = { ...prompt, bytes: 0, binaryBytes: 0 }
    const template = (messages as unknown[]).length * TEMPLATE_TOKENS_PER_MESSAGE
    return tokens + template + promptBound(media, route.limits.contextWindow)
  })

  async function hold(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    request.timeline.enter('credit')
    const body = request.body as ChatRequest
    const { limits, rate } = request.route
    let plan = planOf(
      request,
      promptBound({ ...body.prompt, bytes: body.bytes }, limits.contextWindow),
    )
    let answer = await reserve(request, reply, { ...plan, minimum: plan.amount })
    let isExact = false
    if (answer.outcome === 'insufficient' || answer.outcome === 'credits_held') {
      const exact = await tightened(request, plan) // before anything is refused or clamped
      isExact = exact !== null
      plan = exact ?? plan
      if (isExact || plan.minimum < plan.amount) answer = await reserve(request, reply, plan)
    }
    if (answer.remaining !== null) reply.headers(rateHeaders(request, answer.remaining))
    refuseUnlessHeld(answer, request, plan)
    const outputLimit = clampedLimit(plan, answer.granted, body.choices, rate)
    if (outputLimit !== null) reply.header('x-tollkeeper-max-tokens', String(outputLimit))
    setHold(request, { amount: answer.granted, plan, isExact, outputLimit, slices: 0 })
    request.isHeld = true
  }

  app.decorate('holdCredits', async (request, reply) => {
    if (reply.raw.closed) return reply.hijack() // it left, and its record is written: no hold
    const holding = hold(request, reply)
    request.holding = holding.catch(() => {})
    await holding
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
  try {
    return await server.database.reserve.submit({
      id: request.id,
      accountId: account.id,
      keyId: account.keyId,
      amount: plan.amount,
      minimum: plan.minimum,
      terms: termsOf(request),
      limits: { account: tier, key: account.keyLimits },
    })
  } catch (error) {
    // The hold may have been placed and its answer lost: whatever is there is let go again.
    request.failure = toProxyError(error)
    request.lettingGo = server.database.settlements.add(settlementOf(request, reply))
    throw error
  }
}

/** The plan with the exact size of the prompt; null where its bound is as good. */
async function tightened(request: FastifyRequest, plan: HoldPlan): Promise<HoldPlan | null> {
  const tokens = await request.server.countPrompt(request)
  return tokens !== null && tokens < plan.promptTokens ? planOf(request, tokens) : null
}

function planOf(request: FastifyRequest, promptTokens: number): HoldPlan {
  const { stream, choices, outputLimit } = request.body as ChatRequest
  const { tier, route } = request
  const { limits: model, rate } = route
  return planHold({ stream, choices, outputLimit, promptTokens, model, tier, rate })
}

/**
 * What is pinned on the hold, so that a change of price or route never touches a running request.
 */
function termsOf({ body, route, routeOptions }: FastifyRequest) {
  const { model, stream } = body as ChatRequest
  const { input, cachedInput, output, reasoning, request, markupPpm, priceId } = route.rate
  const classes = { input, cached_input: cachedInput, output, reasoning, request }
  const rate = Object.entries(classes).map(([name, amount]) => [name, amount.toString()])
  return {
    endpoint: routeOptions.url,
    model: storable(model),
    provider: route.target.provider,
    base_url: route.target.baseUrl,
    upstream_model: storable(route.upstreamModel),
    stream,
    price_id: priceId,
    markup_ppm: markupPpm.toString(),
    rate: Object.fromEntries(rate),
  }
}

/** What is left of the lower limit of requests a minute (W-120). */
function rateHeaders({ tier, account }: FastifyRequest, remaining: number) {
  const limits = [tier.requestsPerMinute, account.keyLimits.requestsPerMinute]
  const limit = Math.min(...limits.filter((one) => one !== null))
  const left = Math.max(0, remaining)
  const resetS = Math.ceil(((limit - left) * 60) / limit)
  return {
    'x-ratelimit-limit-requests': String(limit),
    'x-ratelimit-remaining-requests': String(left),
    'x-ratelimit-reset-requests': `${resetS}s`,
  }
}

/** The cause is for the record: what was needed, or which limit was reached. */
function refuseUnlessHeld(
  { outcome, waitMs }: ReserveAnswer,
  request: FastifyRequest,
  { minimum }: HoldPlan,
): void {
  switch (outcome) {
    case 'held':
      return
    case 'insufficient':
      throw new ProxyError('insufficient_quota', { cause: needed(minimum) })
    case 'credits_held':
      throw new ProxyError('credits_held', { cause: needed(minimum) })
    case 'rate_limited':
      throw new ProxyError('rate_limit_exceeded', {
        cause: limitOf(request, 'requestsPerMinute', 'requests a minute'),
        retryAfterS: Math.min(Math.max(Math.ceil(waitMs / 1_000), 1), RETRY_AFTER_MAX_S),
      })
    case 'too_many':
      throw new ProxyError('concurrency_limit_exceeded', {
        cause: limitOf(request, 'concurrency', 'requests at a time'),
      })
    case 'inactive':
      throw new ProxyError('account_suspended')
    default:
      throw new Error(`the ledger answered ${outcome} to a new hold`)
  }
}

function needed(minimum: MicroCredits): Error {
  return new Error(`it needs at least ${formatCredits(minimum)} credits`)
}

function limitOf({ tier, account }: FastifyRequest, name: keyof RateLimits, what: string): Error {
  const allows = (limits: RateLimits) => `allows ${limits[name] ?? 'any number of'} ${what}`
  return new Error(`the tier ${tier.name} ${allows(tier)}, the key ${allows(account.keyLimits)}`)
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Hook (preHandler). @throws ProxyError insufficient_quota, credits_held, ledger_unavailable
     */
    holdCredits: preHandlerAsyncHookHandler
    /** The tokens of a request's prompt, counted; null when that takes too long. */
    countPrompt(request: FastifyRequest): Promise<number | null>
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

export default fp(credit, { name: 'credit', dependencies: ['database', 'tier'] })
