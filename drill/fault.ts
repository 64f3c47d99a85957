import type { Mix } from './orders.ts'
import type { Stage } from './stage.ts'
import type { UpstreamPlan } from './upstream.ts'

/** How big a drill is; `--runs`, `--streams` and `--instances` change it. */
export type Size = { runs: number; streams: number; instances: number }

/** One way in which the world fails, as a story that is played on a stage. */
export type Fault = {
  name: string
  /** One sentence for the list. */
  says: string
  /** How long it takes at its own size. */
  takes: string
  size: Size
  /** What its requests are like, where that is not CALM. */
  mix?: Partial<Mix>
  /** Each instance reaches Postgres by a way of its own, which can fail. */
  linked?: true
  /** No instance dies or loses Postgres alone: none is declared dead, and nothing is swept. */
  nobodyDies?: true
  /** Users go to another instance at once when they are turned away. */
  failover?: true
  /** Several upstreams behind the model, in place of the one. */
  upstreams?: readonly UpstreamPlan[]
  /** Codes by which requests may be refused at any time. */
  refusals?: readonly string[]
  /** The tier of the accounts. */
  tier?: Record<string, unknown>
  /** Variables of the instances. */
  env?: Record<string, string>
  /** @throws Skipped where this machine can not play it */
  play(stage: Stage): Promise<void>
}

/** This machine can not play the fault; the message says why. */
export class Skipped extends Error {}
