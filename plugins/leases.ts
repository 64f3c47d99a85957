import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { SYSTEM_CLOCK } from '../src/clock.ts'
import { costOf } from '../src/domain/prices/price.ts'
import { estimateCompletion, withToolCalls } from '../src/domain/usage/estimate.ts'
import { usageOf } from '../src/domain/usage/usage.ts'
import { keepLeases } from '../src/leases/keep.ts'
import { bodyOf } from '../src/request/endpoint-of.ts'
import { estimatePrompt } from '../src/wire/requests/prompt.ts'

/**
 * Leases: says every second that this instance lives and what its streams have cost so far,
 * and settles what others left behind. No hold outlives its process for long.
 */
async function leases(app: FastifyInstance): Promise<void> {
  const { database, door } = app
  const stop = keepLeases({
    store: database.leases,
    clock: SYSTEM_CLOCK,
    log: app.log,
    owner: database.owner,
    open: door,
    checkpoints: () => [...door.open()].flatMap(({ request }) => checkpointOf(request)),
    settlements: database.settlements,
    inherit: () => void app.inheritJournals(),
  })
  app.addHook('onClose', stop)
}

/** What a running stream would be charged if this process ended now. */
function checkpointOf(request: FastifyRequest) {
  const delivered = request.exchange?.delivered
  if (!delivered) return []
  const usage = usageOf(
    estimatePrompt(bodyOf(request).prompt),
    estimateCompletion('character_count', delivered),
  )
  const metered = costOf(withToolCalls(usage, delivered), request.route.rate)
  return [{ id: request.id, metered }]
}

export default fp(leases, { name: 'leases', dependencies: ['database', 'settlement', 'provider'] })
