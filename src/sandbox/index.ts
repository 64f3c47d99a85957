import { createServer, type Server } from 'node:http'
import type { SandboxCall } from './call.ts'
import { createGate } from './gate.ts'
import { createLedger } from './ledger.ts'
import { CONNECTIONS, KEEP_ALIVE_MS, LEDGER_ENTRIES, LISTEN_BACKLOG } from './limits.ts'
import { route } from './routes.ts'
import type { SandboxState } from './state.ts'

export type { SandboxCall } from './call.ts'

export type SandboxOptions = {
  /** Default 127.0.0.1. */
  host?: string
  /** Default 0: any free one. */
  port?: number
  /** Calls kept in the ledger, at least 1; the oldest are dropped. Default 100,000. */
  ledgerMax?: number
  /** Keep request bodies in the ledger. Default true. */
  keepBodies?: boolean
}

export type Sandbox = {
  /** http://127.0.0.1:PORT/v1 */
  url: string
  /** By request id, a repeat as `<id>#2`; `call-<n>` for calls that came without one. */
  calls: ReadonlyMap<string, SandboxCall>
  /** Calls whose request was read and whose answer is not over. */
  open(): number
  /** Answers no call from now on: they are accepted and wait. */
  hold(): void
  release(): void
  /** Answers every call with a 429 from now on. */
  limit(): void
  unlimit(): void
  /** Calls that wait on hold. */
  waiting(): number
  /** Forgets the ledger; running calls go on. */
  clear(): void
  /** Ends everything at once. */
  close(): Promise<void>
}

/**
 * Starts a simulated OpenAI-compatible upstream. Model names are test cards (cards/), any other
 * name is an echo; GET /sandbox/calls reads its ledger from outside. Rejects when it cannot listen.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, ledgerMax = LEDGER_ENTRIES, keepBodies = true } = options
  if (!(ledgerMax >= 1)) throw new RangeError('ledgerMax must be at least 1')
  const ledger = createLedger(ledgerMax)
  const gate = createGate()
  const state: SandboxState = { ledger, gate, live: new Set(), keepBodies }
  const server = createServer((req, res) => route(state, req, res))
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.maxConnections = CONNECTIONS
  const boundPort = await listen(server, host, port)
  const closed = new Promise<void>((resolve) => server.once('close', resolve))

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}/v1`,
    calls: ledger.calls,
    open: () => state.live.size,
    hold: gate.hold,
    release: gate.release,
    limit: gate.limit,
    unlimit: gate.unlimit,
    waiting: gate.waiting,
    clear: ledger.clear,
    close() {
      for (const call of state.live) call.cut()
      server.close()
      server.closeAllConnections()
      return closed
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: LISTEN_BACKLOG }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
