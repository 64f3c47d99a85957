import type { LiveCall } from './live-call.ts'

/** Where calls wait while the sandbox answers nobody. */
export type Gate = {
  hold(): void
  release(): void
  isHeld(): boolean
  waiting(): number
  /** Runs `step` now, or at the release if held; never if the peer hangs up before. */
  pass(call: LiveCall, step: () => void): void
}

/** An open gate. */
export function createGate(): Gate {
  const waiting = new Set<() => void>()
  let held = false
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
    isHeld: () => held,
    waiting: () => waiting.size,
    pass(call, step) {
      if (!held) return step()
      waiting.add(step)
      call.res.once('close', () => waiting.delete(step))
    },
  }
}
