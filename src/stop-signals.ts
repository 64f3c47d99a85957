/** What a person, a terminal or a supervisor tells a process to stop with. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

export type StopSignal = (typeof STOP_SIGNALS)[number]

/**
 * Milliseconds in which another signal is the first one once more: `npm start` passes on what its
 * terminal or its supervisor has sent to both.
 */
export const SIGNAL_ECHO_MS = 1_000

/** Calls `stop` at the first signal, and `quit` at one that a person has sent again. */
export function onStopSignals(stop: (signal: StopSignal) => void, quit: () => void): void {
  let stoppedAt: number | null = null
  const heard = (signal: StopSignal): void => {
    if (stoppedAt === null) {
      stoppedAt = performance.now()
      stop(signal)
    } else if (performance.now() - stoppedAt > SIGNAL_ECHO_MS) quit()
  }
  for (const signal of STOP_SIGNALS) process.on(signal, () => heard(signal))
}
