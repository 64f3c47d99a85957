import type { Fault } from '../fault.ts'

/** Milliseconds the victim stands still: the other declares it dead after 15 s. */
const FROZEN_MS = 60_000

/** Milliseconds in which it learns that others took it for dead. */
const AWAKE_MS = 10_000

/** An instance stands still, is fenced by the other, and comes back with late results. */
export const sigstop: Fault = {
  name: 'sigstop',
  says: 'SIGSTOP of an instance for 60 s: fenced by the other, late results once each',
  takes: '2 min a run',
  size: { runs: 1, streams: 120, instances: 2 },

  async play(stage) {
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      const victim = stage.turn(run)
      await stage.filled(victim)
      const before = stage.fenced()
      const back = stage.ledgerAway([victim])
      victim.freeze()
      await stage.rest(FROZEN_MS)
      const fenced = stage.fenced() - before
      if (fenced !== 1) stage.broke(`${fenced} instances were declared dead, not 1`)
      victim.thaw()
      await stage.rest(AWAKE_MS)
      back()
      await stage.served(victim)
      stage.played()
    }
  },
}
