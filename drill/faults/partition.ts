import type { FaultProxy } from '../../test/harness/fault-proxy.ts'
import type { Fault } from '../fault.ts'
import type { Stage } from '../stage.ts'
import { playAbsences } from './fenced.ts'

/** One instance loses Postgres and goes on with its streams; the others do not. */
export const partition: Fault = {
  name: 'partition',
  says: 'one of two instances does not reach Postgres for 45 s: the same',
  takes: '2 min a run',
  size: { runs: 1, streams: 120, instances: 2 },
  mix: { seconds: [1, 60] },
  linked: true,
  play: (stage) =>
    playAbsences(stage, {
      awayMs: 45_000,
      leave: (_, run) => linkOf(stage, run).pause(),
      comeBack: (_, run) => linkOf(stage, run).resume(),
    }),
}

/** The way of an instance to Postgres. */
function linkOf(stage: Stage, run: number): FaultProxy {
  return stage.scene.links[run % stage.instances.length] as FaultProxy
}
