import type { Fault } from '../fault.ts'

/** Milliseconds from one kill to the next. */
const BETWEEN_MS = [10_000, 14_000] as const

/** An instance is killed under load, and starts again on the same DATA_DIR; then the next one. */
export const kill9: Fault = {
  name: 'kill9',
  says: 'kill -9 of an instance under 200 streams; it starts again on its DATA_DIR',
  takes: '5 kills in 2 min, 100 in 27 min',
  // A start under this load may need more than the 600 ms the ledger has to answer.
  refusals: ['ledger_unavailable'],
  size: { runs: 5, streams: 480, instances: 2 },

  async play(stage) {
    const inFlight: number[] = []
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      const victim = stage.turn(run)
      await stage.rest(stage.random.between(...BETWEEN_MS))
      inFlight.push(await stage.filled(victim))
      // A client has its answer, and Postgres does not know yet: that is when a kill hurts most.
      await stage.load.nextComplete(victim)
      await victim.kill()
      await victim.start()
      stage.played()
    }
    stage.note(`at least ${Math.min(...inFlight)} streams were in flight at each kill`)
  },
}
