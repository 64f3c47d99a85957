import type { SandboxCall } from './call.ts'
import { KEPT_BODIES_CHARS } from './limits.ts'

/** The calls the sandbox saw, oldest first, bounded in entries and in characters of kept bodies. */
export type Ledger = {
  readonly calls: ReadonlyMap<string, SandboxCall>
  /** Adds a call under its request id; a repeat of that id is kept beside it as `<id>#2`. */
  add(call: SandboxCall): void
  clear(): void
}

/** A ledger of at most `max` entries. */
export function createLedger(max: number): Ledger {
  const calls = new Map<string, SandboxCall>()
  const repeats = new Map<string, number>()
  // Both iterators live on: a fresh one would walk over every dropped entry again, at each call.
  let oldest = calls.keys()
  let withBody = calls.values()
  let bodyChars = 0
  let unnamed = 0

  const freeKey = (id: string | null): string => {
    if (id === null) return freeKey(`call-${++unnamed}`)
    if (!calls.has(id)) return id
    let attempt = (repeats.get(id) ?? 1) + 1
    while (calls.has(`${id}#${attempt}`)) attempt++
    repeats.set(id, attempt)
    return `${id}#${attempt}`
  }
  const dropOldest = (): void => {
    const key = oldest.next().value ?? ''
    bodyChars -= calls.get(key)?.body.length ?? 0
    calls.delete(key)
    repeats.delete(key)
  }
  const dropOldestBody = (): void => {
    const call = withBody.next().value
    if (call === undefined) return
    bodyChars -= call.body.length
    call.body = ''
  }

  return {
    calls,
    add(call) {
      calls.set(freeKey(call.requestId), call)
      bodyChars += call.body.length
      if (calls.size > max) dropOldest()
      while (bodyChars > KEPT_BODIES_CHARS) dropOldestBody()
    },
    clear() {
      calls.clear()
      repeats.clear()
      oldest = calls.keys()
      withBody = calls.values()
      bodyChars = 0
    },
  }
}
