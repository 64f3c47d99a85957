/** The parent's side of the load process. */
import { once } from 'node:events'
import { type Owned, startModule } from '../processes.ts'
import type { Order, Reply, RunOrder, RunResult } from './orders.ts'

export class Load {
  readonly process: Owned

  private constructor(process: Owned) {
    this.process = process
  }

  static async start(): Promise<Load> {
    return new Load(await startModule('load', new URL('./main.ts', import.meta.url)))
  }

  async open(port: number, connections: number, keys: string[]): Promise<void> {
    await this.#ask({ kind: 'open', port, connections, keys })
  }

  async run(order: RunOrder): Promise<RunResult> {
    const result = await this.#ask(order)
    if (!result) throw new Error('the load process sent no result')
    return result
  }

  async close(): Promise<void> {
    await this.#ask({ kind: 'close' })
  }

  async #ask(order: Order): Promise<RunResult | null> {
    const { child } = this.process
    const settled = new AbortController()
    const ended = once(child, 'exit', { signal: settled.signal }).then(([code]) => {
      throw new Error(`the load process ended with code ${code}`)
    })
    const replied = once(child, 'message', { signal: settled.signal })
    child.send(order)
    try {
      const [reply] = (await Promise.race([replied, ended])) as [Reply]
      if (!reply.ok) throw new Error(`load: ${reply.message}`)
      return reply.result
    } finally {
      settled.abort()
      // Both end with an AbortError now unless they have happened.
      await Promise.allSettled([replied, ended])
    }
  }
}
