import type { Fault } from '../fault.ts'
import { commitLost } from './commit-lost.ts'
import { diskFull } from './disk-full.ts'
import { kill9 } from './kill9.ts'
import { outage } from './outage.ts'
import { overspend } from './overspend.ts'
import { partition } from './partition.ts'
import { pgKill9, pgPause, pgRestart } from './postgres.ts'
import { rateLimit } from './rate-limit.ts'
import { rolling, rollingCut } from './rolling.ts'
import { sigstop } from './sigstop.ts'
import { upstreams } from './upstreams.ts'

/** Every fault there is, in the order of the list. */
export const FAULTS: readonly Fault[] = [
  kill9,
  rolling,
  rollingCut,
  sigstop,
  partition,
  pgRestart,
  pgKill9,
  pgPause,
  outage,
  commitLost,
  diskFull,
  rateLimit,
  overspend,
  upstreams,
]
