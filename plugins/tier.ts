import type { FastifyInstance, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { ModelLimits } from '../src/domain/bounds.ts'
import type { MicroCredits } from '../src/domain/credits.ts'
import { FREE_RATE, fallbackRate, type Price, type Rate, rateOfPrice } from '../src/domain/price.ts'
import { chooseRoute } from '../src/domain/route.ts'
import { allowsModel, type Tier } from '../src/domain/tier.ts'
import { bodyOf, endpointOf } from '../src/endpoint-of.ts'
import { ProxyError } from '../src/errors.ts'
import { requestSlot } from '../src/request-slot.ts'
import type { Catalogue } from '../src/store/catalogue.ts'
import type { Provider } from '../src/store/providers.ts'
import type { UpstreamTarget } from '../src/upstream/target.ts'
import { speaks } from '../src/wire/profile.ts'

type TierOptions = {
  /** The upstream that serves every model no route names. */
  environment: UpstreamTarget
  targetOf(provider: Provider): UpstreamTarget
  creditsPerUsd: bigint
  fallbackPer1000Tokens: MicroCredits
}

const NO_LIMITS: ModelLimits = {
  contextWindow: null,
  maxOutputTokens: null,
  holdOutputTokens: null,
}

/** What the account may use, by which provider, and at what rate. */
async function tier(app: FastifyInstance, options: TierOptions): Promise<void> {
  const setTier = requestSlot(app, 'tier')
  const setRoute = requestSlot(app, 'route')

  app.decorate('enforceTier', async (request) => {
    request.timeline.enter('tier')
    const { account } = request
    const endpoint = endpointOf(request)
    const { model } = bodyOf(request)
    let catalogue = app.database.catalogue()
    if (isBehind(catalogue, account.tier, model)) catalogue = await app.database.reloadCatalogue()
    const tier = catalogue.tiers.get(account.tier)
    if (tier === undefined) throw new Error(`the tier ${account.tier} is not in the catalogue`)
    const isInTier = allowsModel(tier.models, model)
    if (!isInTier || !allowsModel(account.keyModels, model)) {
      const cause = new Error(`${isInTier ? 'the key' : `the tier ${tier.name}`} does not allow it`)
      throw new ProxyError('model_not_allowed', { param: 'model', cause })
    }
    const known = catalogue.models.get(model)
    const chosen = chooseRoute(known?.routes ?? [], Math.random())
    const target = chosen
      ? options.targetOf(providerOf(catalogue, chosen.provider))
      : options.environment
    if (!speaks(target.profile, endpoint.api)) {
      const message = `${endpoint.path} does not serve the model ${model}: its API is another.`
      throw new ProxyError('model_not_found', { param: 'model', message })
    }
    const upstreamModel = chosen?.upstreamModel ?? model
    const price = catalogue.priceAt(target.provider, upstreamModel, new Date())
    setTier(request, tier)
    setRoute(request, {
      target,
      upstreamModel,
      limits: known ?? NO_LIMITS,
      rate: endpoint.isFree ? FREE_RATE : rateOf(price, tier),
    })
  })

  const rateOf = (price: Price | null, { markupPpm }: Tier): Rate =>
    price
      ? rateOfPrice(price, options.creditsPerUsd, markupPpm)
      : fallbackRate(options.fallbackPer1000Tokens, markupPpm)
}

/** Whether it was read before, or while, somebody changed what this request needs. */
function isBehind({ tiers, models, providers }: Catalogue, tier: string, model: string): boolean {
  const routes = models.get(model)?.routes ?? []
  return !tiers.has(tier) || routes.some((route) => !providers.has(route.provider))
}

/** A routed model goes where its route leads, and nowhere else. */
function providerOf({ providers }: Catalogue, name: string): Provider {
  const provider = providers.get(name)
  if (provider === undefined) throw new Error(`the provider ${name} is not in the catalogue`)
  return provider
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook (preHandler). @throws ProxyError model_not_allowed */
    enforceTier: preHandlerAsyncHookHandler
  }
  interface FastifyRequest {
    readonly tier: Tier
    /** Where the model is served, and what it costs there. */
    readonly route: {
      target: UpstreamTarget
      upstreamModel: string
      limits: ModelLimits
      rate: Rate
    }
  }
}

export default fp(tier, { name: 'tier', dependencies: ['auth'] })
