import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { CALLS_PER_SLICE } from './limits.ts'
import { Problem, sendJson } from './problem.ts'
import type { SandboxState } from './state.ts'

/** GET /sandbox: how many calls are open, wait, and are in the ledger. */
export function readState(state: SandboxState, res: ServerResponse): void {
  const { live, gate, ledger } = state
  const counts = { open: live.size, waiting: gate.waiting(), held: gate.isHeld() }
  sendJson(res, 200, JSON.stringify({ ...counts, calls: ledger.calls.size }))
}

/** GET /sandbox/calls: the ledger as `{object, data}`, oldest first, without headers and bodies. */
export function listCalls(state: SandboxState, res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' })
  Readable.from(slices(state)).pipe(res)
}

/** GET /sandbox/calls/{id}: all of one call. Throws a Problem (404) for an unknown id. */
export function readCall(state: SandboxState, res: ServerResponse, id: string): void {
  const call = state.ledger.calls.get(id)
  if (!call) throw new Problem(404, `There is no call '${id}'.`, 'call_not_found', 'id')
  sendJson(res, 200, JSON.stringify({ id, ...call }))
}

function* slices({ ledger }: SandboxState): Generator<string, void, void> {
  // Only what is there now: calls that come in while the list is read would make it endless.
  const entries = ledger.calls.entries().take(ledger.calls.size)
  let separator = ''
  let slice = '{"object":"list","data":['
  let rows = 0
  for (const [id, { headers: _, authorization: __, body: ___, ...call }] of entries) {
    slice += separator + JSON.stringify({ id, ...call })
    separator = ',\n'
    if (++rows % CALLS_PER_SLICE === 0) {
      yield slice
      slice = ''
    }
  }
  yield `${slice}]}`
}
