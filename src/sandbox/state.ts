import type { Gate } from './gate.ts'
import type { Ledger } from './ledger.ts'
import type { LiveCall } from './live-call.ts'

/** What all calls of one sandbox share. */
export type SandboxState = {
  readonly ledger: Ledger
  readonly gate: Gate
  readonly live: Set<LiveCall>
  readonly keepBodies: boolean
}
