import type { LiveCall } from './live-call.ts'
import { errorJson, sendJson } from './problem.ts'

/** Where calls wait while the sandbox answers nobody, and are sent away while it takes none. */
export type Gate = {
  hold(): void
  release(): void
  /** Answers 429 from now on, with Retry-After: 1. */
  limit(): void
  unlimit(): void
  isHeld(): boolean
  waiting(): number
  /** Runs `step` now, or at the release if held; never if limited, or the peer hangs up before. */
  pass(call: LiveCall, step: () => void): void
}

const LIMITED = errorJson('Slow down.', 'requests', 'rate_limit_exceeded')

/** An open gate. */
export function createGate(): Gate {
  const waiting = new Set<() => void>()
  let held = false
  let limited = false
  return {
    hold() {
      held = true
    },
    release() {
      held = false
      const steps = [...waiting]
      waiting.clear()
      for (const step of steps) step()
    },
    limit() {
      limited = true
    },
    unlimit() {
      limited = false
    },
    isHeld: () => held,
    waiting: () => waiting.size,
    pass(call, step) {
      if (limited) return sendJson(call.res, 429, LIMITED, { 'retry-after': '1' })
      if (!held) return step()
      waiting.add(step)
      call.res.once('close', () => waiting.delete(step))
    },
  }
}
