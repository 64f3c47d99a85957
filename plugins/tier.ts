import type { FastifyInstance, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { ModelLimits } from '../src/domain/bounds.ts'
import type { MicroCredits } from '../src/domain/credits.ts'
import {
  FREE_RATE,
  fallbackRate,
  type Price,
  type Rate,
  rateOfPrice,
} from '../src/domain/prices/price.ts'
import { timeOf } from '../src/domain/request-time.ts'
import { allowsModel, type Tier } from '../src/domain/tier.ts'
import { ProxyError } from '../src/errors.ts'
import { bodyOf, endpointOf } from '../src/request/endpoint-of.ts'
import { requestSlot } from '../src/request/request-slot.ts'
import type { Catalogue } from '../src/store/catalogue.ts'
import type { Route } from '../src/store/models.ts'
import type { Provider } from '../src/store/providers.ts'
import type { ServingRoute } from '../src/upstream/routes/serving-route.ts'
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

/** A route without what it costs. */
type Place = Omit<ServingRoute, 'limits' | 'rate'>

/** Nobody has named its models: there is nothing to choose, and nothing to remember of each. */
const CATCH_ALL = { priority: 0, weight: 1, state: null }

/** What the account may use, by which provider, and at what rate. */
async function tier(app: FastifyInstance, options: TierOptions): Promise<void> {
  const setTier = requestSlot(app, 'tier')

  app.decorate('enforceTier', async (request, reply) => {
    request.timeline.enter('tier')
    const { account } = request
    const { model } = bodyOf(request)
    let catalogue = app.database.catalogue()
    if (isBehind(catalogue, account.tier, model)) catalogue = await app.database.reloadCatalogue()
    const tier = catalogue.tiers.get(account.tier)
    if (tier === undefined) throw new Error(`the tier ${account.tier} is not in the catalogue`)
    refuseUnlessAllowed(model, tier, account.keyModels)
    setTier(request, tier)
    if (reply.raw.closed) return reply.hijack() // it left, and takes no place on a route
    app.chooseRoute(request, reply, servingRoutes(catalogue, request, tier))
  })

  /**
   * All routes that can serve a model at an endpoint.
   * @throws ProxyError model_not_found, upstream_misconfigured
   */
  function servingRoutes(catalogue: Catalogue, request: FastifyRequest, tier: Tier) {
    const endpoint = endpointOf(request)
    const { model } = bodyOf(request)
    const at = timeOf(request.id) // and so its record tells which of two prices it was charged
    const limits = catalogue.models.get(model) ?? NO_LIMITS
    const found = targetsOf(catalogue, model)
    const routes = found.filter(({ target }) => speaks(target.profile, endpoint.api))
    const [first, ...others] = routes.map(({ target, upstreamModel, ...place }): ServingRoute => {
      const price = catalogue.priceAt(target.provider, upstreamModel, at)
      const rate = endpoint.isFree ? FREE_RATE : rateOf(price, tier)
      return { ...place, target, upstreamModel, limits, rate }
    })
    if (first) return [first, ...others] as const
    const message = `${endpoint.path} does not serve the model ${model}: its API is another.`
    throw new ProxyError('model_not_found', { param: 'model', message })
  }

  /** Where a model is: by its routes, or at the upstream of the environment where it has none. */
  function targetsOf(catalogue: Catalogue, model: string): Place[] {
    const routes = catalogue.models.get(model)?.routes ?? []
    if (routes.length === 0)
      return [{ ...CATCH_ALL, target: options.environment, upstreamModel: model }]
    const failures: unknown[] = []
    const places = routes.flatMap((route): Place[] => {
      const { upstreamModel, priority, weight } = route
      try {
        const target = targetOf(catalogue, route)
        const state = app.routeStates.of(target, upstreamModel)
        return [{ target, upstreamModel, priority, weight, state }]
      } catch (failure) {
        failures.push(failure)
        return []
      }
    })
    if (places.length === 0) throw failures[0]
    return places
  }

  const targetOf = (catalogue: Catalogue, { source, provider }: Route): UpstreamTarget =>
    source === 'env' ? options.environment : options.targetOf(providerOf(catalogue, provider))

  const rateOf = (price: Price | null, { markupPpm }: Tier): Rate =>
    price
      ? rateOfPrice(price, options.creditsPerUsd, markupPpm)
      : fallbackRate(options.fallbackPer1000Tokens, markupPpm)
}

/** @param keyModels those that the key is limited to. @throws ProxyError model_not_allowed */
function refuseUnlessAllowed(model: string, tier: Tier, keyModels: string[] | null): void {
  const isInTier = allowsModel(tier.models, model)
  if (isInTier && allowsModel(keyModels, model)) return
  const cause = new Error(`${isInTier ? 'the key' : `the tier ${tier.name}`} does not allow it`)
  throw new ProxyError('model_not_allowed', { param: 'model', cause })
}

/** Whether it was read before, or while, somebody changed what this request needs. */
function isBehind({ tiers, models, providers }: Catalogue, tier: string, model: string): boolean {
  const routes = models.get(model)?.routes ?? []
  const isMissing = ({ source, provider }: Route) => source !== 'env' && !providers.has(provider)
  return !tiers.has(tier) || routes.some(isMissing)
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
  }
}

export default fp(tier, { name: 'tier', dependencies: ['auth', 'routing'] })
