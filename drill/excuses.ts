import type { Seen } from './client.ts'
import type { Call } from './sandbox.ts'
import { meets, type Window } from './windows.ts'

/** Milliseconds by which the drill's clock and a process's may be apart in what they see. */
const SLACK_MS = 250

/** Milliseconds after trouble with the ledger in which requests may still be refused for it. */
const RECOVERY_MS = 3_000

/** Where requests of an account with few credits may end. */
const OUT_OF_CREDITS = ['insufficient_quota', 'credits_held']

/** What may have been in the way of a request at its instance. */
export type Trouble = {
  /** When it may not have reached Postgres, or its disk. */
  ledgerAway: readonly Window[]
  /** When one of several upstreams was killed. */
  upstreamsDied: readonly Window[]
  /** Codes by which requests may be refused at any time. */
  refusals: readonly string[]
}

/**
 * Whether a request may have ended as it did. The drill knows what it has done: whoever was not
 * served has to have met one of its faults, and to have been told so in the words for that fault.
 * @param call what the upstream knows of it
 */
export function isExcused(
  seen: Seen,
  call: Call | undefined,
  { ledgerAway, upstreamsDied, refusals }: Trouble,
): boolean {
  const { ending, account, instance, order, retryAfter } = seen
  const met = (windows: readonly Window[], slackMs: number) =>
    meets(windows, seen.sentAt, seen.endedAt ?? Date.now(), slackMs)
  const isToldWhy = (code: string) => {
    if (refusals.includes(code)) return true
    if (OUT_OF_CREDITS.includes(code)) return account.isPoor
    if (code.startsWith('upstream_')) return wasCutOff(seen, upstreamsDied)
    if (code === 'shutting_down') return met(instance.stopped, SLACK_MS)
    return code === 'ledger_unavailable' && retryAfter !== null && met(ledgerAway, RECOVERY_MS)
  }
  switch (ending) {
    case 'complete':
      return true
    case 'left':
      return order.leavesAt !== null
    case 'unreachable':
      return met([...instance.killed, ...instance.stopped], SLACK_MS)
    case 'cut':
      return met(instance.killed, SLACK_MS)
    case 'reset': // or the kernel had taken the connection, and the process that leaves had not
      return met(instance.killed, SLACK_MS) || (!call && met(instance.stopped, SLACK_MS))
    case 'broken':
    case 'refused':
      return isToldWhy(seen.code ?? '')
    default:
      return false
  }
}

/** A stream that had begun can not change over: it ends when its upstream dies. */
function wasCutOff({ status, headAt, endedAt }: Seen, died: readonly Window[]): boolean {
  if (status !== 200 || headAt === null) return false
  const until = endedAt ?? Date.now()
  return died.some(({ from }) => headAt <= from + SLACK_MS && until >= from - SLACK_MS)
}
