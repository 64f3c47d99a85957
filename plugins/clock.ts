import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { every, SYSTEM_CLOCK } from '../src/clock.ts'
import { clockOffset } from '../src/store/clock-offset.ts'

/** Milliseconds our clock may be off without a word, and between two looks at it. */
const OFF_MAX_MS = 2_000
const LOOK_EVERY_MS = 600_000

/** Warns of a clock that is off: prices with dates, and the expiry of keys, go by ours. */
async function clock(app: FastifyInstance): Promise<void> {
  const compare = async () => {
    const aheadMs = await clockOffset(app.database.db)
    if (Math.abs(aheadMs) <= OFF_MAX_MS) return
    app.log.warn({ ahead_ms: aheadMs }, 'the clock of this machine is not that of Postgres')
  }
  const failed = (err: unknown) => app.log.warn({ err }, 'the clocks could not be compared')
  await compare().catch(failed)
  app.addHook('onClose', every(SYSTEM_CLOCK, LOOK_EVERY_MS, compare, failed))
}

export default fp(clock, { name: 'clock', dependencies: ['database'] })
