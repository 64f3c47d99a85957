/** What is measured: something on a loopback port that answers like the upstream behind it. */

export interface Target {
  name: string
  port: number
  /** Client keys that the load rotates over. */
  keys: string[]
  /** Processes whose CPU time and memory count; none for the direct connection. */
  pids: () => number[]
  /** Looks after the last round whether the work was really done; throws where it was not. */
  confirm?: () => Promise<void>
}

/** Starts a target in front of the upstream, with `directory` for its files. */
export type StartTarget = (upstreamPort: number, directory: string) => Promise<Target>

/** A reason to leave a target out instead of failing. */
export class TargetMissing extends Error {}

/** Keys for targets that do not look at them, as long as real ones, so that requests are alike. */
export const IGNORED_KEYS = Array.from(
  { length: 100 },
  (_, index) => `tk_${String(index).padStart(38, '0')}`,
)
