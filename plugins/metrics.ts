import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Registry } from 'prom-client'
import { createAuditMetrics } from '../src/metrics/audit.ts'
import { createChargeMetrics } from '../src/metrics/charges.ts'
import { definer } from '../src/metrics/definer.ts'
import { createIdempotencyMetrics, type IdempotencyMetrics } from '../src/metrics/idempotency.ts'
import { watchLanes } from '../src/metrics/lanes.ts'
import { processMetrics } from '../src/metrics/process.ts'
import { createRequestMetrics, type RequestMetrics } from '../src/metrics/requests.ts'
import { watchRoutes } from '../src/metrics/routes.ts'
import { requireAdminToken } from '../src/secrets/admin-token.ts'
import type { Look } from '../src/store/audit/audit-step.ts'

type MetricsOptions = {
  /** The admin token; `off` serves no metrics. */
  token: string
  /** On the public port they need the token. */
  isPublic: boolean
  /** The name of the environment's provider, which is in no table. */
  environment: string
}

const schema = {
  summary: 'Metrics, in the text format of Prometheus',
  answers: {
    200: { description: 'All metrics.', content: { 'text/plain': { schema: Type.String() } } },
  },
}

/** Metrics of this app and of its process; `/metrics` for Prometheus. */
async function metrics(
  app: FastifyInstance,
  { token, isPublic, environment }: MetricsOptions,
): Promise<void> {
  const { settlements, lanes, catalogue } = app.database
  const registry = new Registry()
  const define = definer(registry)
  const known = {
    hasModel: (name: string) => catalogue().models.has(name),
    pricedAs: (provider: string, model: string) => catalogue().pricedAs(provider, model),
    hasProvider: (name: string) => name === environment || catalogue().providers.has(name),
  }
  const requests = createRequestMetrics(define, known)
  const dropped = define.counter('records_dropped_total', 'Records of refused requests, lost.')
  const refused = define.counter('settlements_refused_total', 'Settlements Postgres never takes.')
  const countIdempotent = createIdempotencyMetrics(define)
  const countCharge = createChargeMetrics(define, known)
  settlements.watch(({ record }, charge) => {
    if (charge === null) return // its hold had ended before
    countCharge(record, charge)
    if (record.outcome === 'crashed') requests.ended(record) // its own process can not any more
  })
  watchLanes(define, lanes)
  watchRoutes(define, app.routeStates)
  define.gauge('open_holds', 'Requests of this process that hold credits.', [], (holds) =>
    holds.set(app.door.size),
  )
  define.gauge('settlements_waiting', 'Settlements not confirmed by Postgres.', [], (waiting) =>
    waiting.set(settlements.size),
  )

  app.decorate('metrics', {
    ended: requests.ended,
    served: requests.served,
    audited: createAuditMetrics(define),
    recordDropped: () => dropped.inc(),
    settlementRefused: () => refused.inc(),
    idempotent: countIdempotent,
  })

  if (token === 'off') return
  const all = Registry.merge([registry, processMetrics()])
  const onRequest = isPublic ? requireAdminToken(token) : []
  app.get('/metrics', { schema, onRequest }, async (_request, reply) => {
    reply.header('content-type', all.contentType)
    return all.metrics()
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Pick<RequestMetrics, 'ended' | 'served'> & {
      /** The background audit has looked at accounts. */
      audited(looks: Look[]): void
      /** The record of a request without a hold was lost. */
      recordDropped(): void
      /** A settlement was set aside. */
      settlementRefused(): void
      /** A request with an Idempotency-Key. */
      idempotent: IdempotencyMetrics
    }
  }
}

export default fp(metrics, { name: 'metrics', dependencies: ['database', 'routing', 'settlement'] })
