import type { IncomingMessage, ServerResponse } from 'node:http'
import { newCall, type SandboxCall } from './call.ts'
import type { SandboxState } from './state.ts'

/** A call that is being answered. */
export type LiveCall = {
  readonly record: SandboxCall
  readonly res: ServerResponse
  /** Nothing more can be written. */
  isOver(): boolean
  /** Runs `step` after `ms` (0: at once) unless the call is over by then; one can be pending. */
  later(ms: number, step: () => void): void
  /** Destroys the socket: the sandbox's own doing, so not `closedByPeer`. */
  cut(): void
}

/** Enters a call whose body has been read into the ledger, and follows its socket to the end. */
export function openCall(
  state: SandboxState,
  req: IncomingMessage,
  res: ServerResponse,
  startedAt: number,
  body: string,
): LiveCall {
  const record = newCall(req, startedAt, state.keepBodies ? body : '')
  const timer = createTimer()
  let over = false

  const settle = (byPeer: boolean): void => {
    if (over) return
    over = true
    timer.stop()
    record.endedAt = performance.now()
    record.closedByPeer = byPeer && !record.finished
    state.live.delete(call)
  }
  const call: LiveCall = {
    record,
    res,
    isOver: () => over || res.socket?.writable === false,
    later(ms, step) {
      if (over) return
      if (ms === 0) step()
      else timer.start(ms, step)
    },
    cut() {
      settle(false)
      res.destroy()
    },
  }
  // First in line, before Node takes the socket away; a destroyed socket "finishes" too.
  res.prependListener('finish', () => {
    record.finished = !req.socket.destroyed
  })
  res.once('close', () => settle(true))
  // A pipelined response without a socket yet never hears of its end.
  if (res.socket === null) req.socket.once('close', () => settle(true))
  state.live.add(call)
  state.ledger.add(record)
  return call
}

type Timer = { start(ms: number, step: () => void): void; stop(): void }

/** One timer, re-armed: a stream waits the same time between all its chunks. */
function createTimer(): Timer {
  let timeout: NodeJS.Timeout | undefined
  let armedMs = 0
  let pending = (): void => {}
  return {
    start(ms, step) {
      pending = step
      if (timeout && ms === armedMs) {
        timeout.refresh()
        return
      }
      clearTimeout(timeout)
      timeout = setTimeout(() => pending(), ms)
      armedMs = ms
    },
    stop: () => clearTimeout(timeout),
  }
}
