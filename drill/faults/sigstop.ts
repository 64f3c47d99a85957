import type { Fault } from '../fault.ts'
import { playAbsences } from './fenced.ts'

/** An instance stands still, is fenced by the other, and comes back with late results. */
export const sigstop: Fault = {
  name: 'sigstop',
  says: 'SIGSTOP of an instance for 60 s: fenced by the other, late results once each',
  takes: '2 min a run',
  size: { runs: 1, streams: 120, instances: 2 },
  play: (stage) =>
    playAbsences(stage, {
      awayMs: 60_000,
      leave: (victim) => victim.freeze(),
      comeBack: (victim) => victim.thaw(),
    }),
}
