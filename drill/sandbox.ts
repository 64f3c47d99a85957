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
}

export type Sandbox = {
  /** Base URL, ends in /v1. */
  url: string
  /** The ground truth: every call so far. */
  calls(): Promise<Call[]>
  /** One call by the id of the proxy's request; null when it never came. */
  call(id: string): Promise<Call | null>
  stop(): Promise<void>
}

/** Starts the simulated upstream as a process of its own. */
export async function startSandbox(): Promise<Sandbox> {
  const env = { LEDGER_MAX: String(LEDGER_MAX), KEEP_BODIES: 'off' }
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
      const answer = await fetch(`${url}/sandbox/calls/${id}`)
      const body = await answer.json()
      return answer.status === 200 ? (body as Call) : null
    },
    async stop() {
      child.kill('SIGTERM')
      await ended(child)
    },
  }
}
