import type { FaultProxy } from '../../test/harness/fault-proxy.ts'
import type { Fault } from '../fault.ts'

/** Milliseconds one instance does not reach Postgres: the others declare it dead after 15 s. */
const APART_MS = 45_000

/** Milliseconds in which it learns that others took it for dead. */
const JOINED_MS = 10_000

/** One instance loses Postgres and goes on with its streams; the others do not. */
export const partition: Fault = {
  name: 'partition',
  says: 'one of two instances does not reach Postgres for 45 s: the same',
  takes: '2 min a run',
  size: { runs: 1, streams: 120, instances: 2 },
  mix: { seconds: [1, 60] },
  linked: true,

  async play(stage) {
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      const victim = stage.turn(run)
      const link = stage.scene.links[run % stage.instances.length] as FaultProxy
      await stage.filled(victim)
      const before = stage.fenced()
      const back = stage.ledgerAway([victim])
      link.pause()
      await stage.rest(APART_MS)
      const fenced = stage.fenced() - before
      if (fenced !== 1) stage.broke(`${fenced} instances were declared dead, not 1`)
      link.resume()
      await stage.rest(JOINED_MS)
      back()
      await stage.served(victim)
      stage.played()
    }
  },
}
