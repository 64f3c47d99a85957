import { setTimeout as sleep } from 'node:timers/promises'
import type { Owned } from '../processes.ts'

const POLL_MS = 50

/** Waits until the address answers 200; throws after `timeoutMs` or when the process has ended. */
export async function untilAnswers(url: string, timeoutMs: number, { name, child }: Owned) {
  const deadline = performance.now() + timeoutMs
  let last = 'no answer'
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode} at its start`)
    }
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
      await response.body?.cancel()
      if (response.status === 200) return
      last = `HTTP ${response.status}`
    } catch (error) {
      last = String(error)
    }
    await sleep(POLL_MS)
  }
  throw new Error(`${name} was not ready after ${timeoutMs / 1000} s: ${url} gave ${last}`)
}
