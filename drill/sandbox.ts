import { once } from 'node:events'
import { ended, startNode } from './processes.ts'

/** Calls the sandbox keeps: more than any drill makes. */
const LEDGER_MAX = 1_000_000

/** What the sandbox saw of one call. */
export type Call = {
  /** The id of the proxy's request; with `#2` behind it when it came a second time. */
  id: string
  requestId: string | null
  /** The mark of the order (orders.ts). */
  user: string | null
  promptTokens: number
  /** Written before the close it saw. */
  completionTokens: number
  /** On its own clock; null while it runs. */
  endedAt: number | null
  /** Whose call it was, where there are several. */
  upstream?: string
}

/** Milliseconds a sandbox may take to tell of one call: it may stand still. */
const TELL_MS = 2_000

export type Sandbox = {
  /** Base URL, ends in /v1. */
  url: string
  /** The ground truth: every call so far. */
  calls(): Promise<Call[]>
  /** One call by the id of the proxy's request; null when it never came. */
  call(id: string): Promise<Call | null>
  /** `limit` answers every call with a 429 until `unlimit`. */
  control(what: 'limit' | 'unlimit'): Promise<void>
  signal(name: NodeJS.Signals): void
  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts the simulated upstream as a process of its own. @param port 0 is any free one */
export async function startSandbox(port = 0): Promise<Sandbox> {
  const env = { LEDGER_MAX: String(LEDGER_MAX), KEEP_BODIES: 'off', PORT: String(port) }
  const child = await startNode('src/sandbox/main.ts', env, ['ignore', 'pipe', 'inherit'])
  const output = child.stdout as NodeJS.ReadableStream
  const died = once(child, 'exit').then(() => {
    throw new Error('the sandbox ended before it listened')
  })
  const [line] = (await Promise.race([once(output, 'data'), died])) as [Buffer]
  died.catch(() => {})
  const url = line.toString().trim()
  return {
    url,
    async calls() {
      const answer = await fetch(`${url}/sandbox/calls`)
      return ((await answer.json()) as { data: Call[] }).data
    },
    async call(id) {
      const signal = AbortSignal.timeout(TELL_MS)
      const answer = await fetch(`${url}/sandbox/calls/${id}`, { signal }).catch(() => null)
      return answer?.status === 200 ? ((await answer.json()) as Call) : null
    },
    async control(what) {
      await (await fetch(`${url}/sandbox/${what}`, { method: 'POST' })).arrayBuffer()
    },
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL')
      await ended(child)
    },
    async stop() {
      child.kill('SIGTERM')
      await ended(child)
    },
  }
}
