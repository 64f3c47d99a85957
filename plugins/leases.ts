import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { costOf } from '../src/domain/price.ts'
import { tokensOfCharacters, usageOf } from '../src/domain/usage.ts'
import { HeartbeatWatch } from '../src/domain/watch.ts'
import { crashSettlement } from '../src/recovery.ts'
import { beat, declareDead, findOlderHolds, findOrphans } from '../src/store/instances.ts'
import type { ChatRequest } from '../src/wire/chat-request.ts'

const BEAT_MS = 2_000

/** A heartbeat this late after the last one breaks what we know of the others. */
const GAP_MS = 3 * BEAT_MS

/** Seconds after which a hold of ours that we do not know was left by a lost answer. */
const UNKNOWN_AFTER_S = 30

/** Beats between two looks for such holds. */
const LOOK_EVERY = 15

/**
 * Leases: says every two seconds that this instance lives and what its streams have cost so far,
 * and settles what others left behind. No hold outlives its process for long.
 */
async function leases(app: FastifyInstance): Promise<void> {
  const watch = new HeartbeatWatch()
  let lastMs = performance.now()
  let beats = 0

  async function tick(): Promise<void> {
    const { db } = app.database
    const ownId = app.database.instanceId()
    const live = await beat(db, ownId, [...app.openRequests()].flatMap(checkpointOf))
    const nowMs = performance.now()
    if (nowMs - lastMs > GAP_MS) watch.interrupted()
    lastMs = nowMs
    if (!live.some(({ id }) => id === ownId)) await startAnew(ownId)
    const others = live.filter(({ id }) => id !== ownId)
    for (const dead of watch.observe(others, nowMs)) {
      if (await declareDead(db, dead)) app.log.warn({ instance: dead.id }, 'an instance is dead')
    }
    const orphans = await findOrphans(db)
    for (const hold of orphans) void app.database.settlements.add(crashSettlement(hold))
    beats += 1
    if (beats % LOOK_EVERY === 0) await releaseUnknown(ownId)
  }

  /** Others took this instance for dead: its holds are theirs, and new ones get a new owner. */
  async function startAnew(ownId: string): Promise<void> {
    await app.database.renewInstance()
    watch.interrupted()
    app.log.error({ instance: ownId }, 'this instance was declared dead, and goes on as a new one')
  }

  async function releaseUnknown(ownId: string): Promise<void> {
    const known = new Set([...app.openRequests()].map(({ id }) => id))
    for (const hold of await findOlderHolds(app.database.db, ownId, UNKNOWN_AFTER_S)) {
      if (known.has(hold.id) || app.database.settlements.has(hold.id)) continue
      app.log.warn({ request_id: hold.id }, 'a hold without a request is released')
      void app.database.settlements.add(crashSettlement(hold))
    }
  }

  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= tick() // a beat that hangs with Postgres takes one connection, not all of them
      .catch((err) => {
        watch.interrupted()
        app.log.warn({ err }, 'the heartbeat failed')
      })
      .finally(() => {
        running = null
      })
  }, BEAT_MS)

  app.addHook('onClose', async () => {
    clearInterval(timer)
    await running
  })
}

/** What a running stream would be charged if this process ended now. */
function checkpointOf(request: FastifyRequest) {
  const delivered = request.exchange?.delivered
  if (!delivered) return []
  const { prompt } = request.body as ChatRequest
  const usage = usageOf(
    tokensOfCharacters(prompt.characters),
    tokensOfCharacters(delivered.completionLength),
  )
  return [{ id: request.id, metered: costOf(usage, request.route.rate) }]
}

export default fp(leases, { name: 'leases', dependencies: ['database', 'settlement'] })
