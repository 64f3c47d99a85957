import type { Call, Sandbox } from './sandbox.ts'
import { startSandbox } from './sandbox.ts'
import type { Window } from './windows.ts'

/** What an upstream is called, and what a million of its tokens costs in USD. */
export type UpstreamPlan = { name: string; usdPerMillion: number }

/** Micro-credits of a token that costs a USD for a million: 1,000 credits are a USD. */
const MICRO_PER_USD = 1_000n

/** One of several upstreams behind a model: a sandbox that can die, stand still and refuse. */
export class Upstream {
  readonly name: string
  readonly microPerToken: bigint
  /** From each kill -9 until it listened again. */
  readonly died: Window[] = []
  readonly stoodStill: Window[] = []
  readonly refused: Window[] = []
  #sandbox: Sandbox
  /** What it had answered before it died; what it was at in that moment nobody knows. */
  #saved: Call[] = []

  private constructor({ name, usdPerMillion }: UpstreamPlan, sandbox: Sandbox) {
    this.name = name
    this.microPerToken = BigInt(usdPerMillion) * MICRO_PER_USD
    this.#sandbox = sandbox
  }

  static async start(plan: UpstreamPlan): Promise<Upstream> {
    return new Upstream(plan, await startSandbox())
  }

  get url(): string {
    return this.#sandbox.url
  }

  /** Times at which it did not serve. */
  get trouble(): Window[] {
    return [...this.died, ...this.stoodStill, ...this.refused]
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    const calls = await this.#sandbox.calls()
    this.#saved.push(...calls.filter(({ endedAt }) => endedAt !== null))
    this.died.push({ from: Date.now(), to: null })
    await this.#sandbox.kill()
  }

  /** Starts it again where it was. */
  async comeBack(): Promise<void> {
    this.#sandbox = await startSandbox(Number(new URL(this.url).port))
    closeLast(this.died)
  }

  /** SIGSTOP: it accepts connections and answers nothing. */
  freeze(): void {
    this.stoodStill.push({ from: Date.now(), to: null })
    this.#sandbox.signal('SIGSTOP')
  }

  thaw(): void {
    this.#sandbox.signal('SIGCONT')
    closeLast(this.stoodStill)
  }

  /** Answers 429 from now on. */
  async refuse(): Promise<void> {
    await this.#sandbox.control('limit')
    this.refused.push({ from: Date.now(), to: null })
  }

  async serve(): Promise<void> {
    await this.#sandbox.control('unlimit')
    closeLast(this.refused)
  }

  async calls(): Promise<Call[]> {
    const all = [...this.#saved, ...(await this.#sandbox.calls())]
    return all.map((call) => ({ ...call, upstream: this.name }))
  }

  async call(id: string): Promise<Call | null> {
    return this.#saved.find((call) => call.id === id) ?? this.#sandbox.call(id)
  }

  async stop(): Promise<void> {
    this.#sandbox.signal('SIGCONT')
    await this.#sandbox.stop()
  }
}

/** What all of them know, as if they were one. */
export function knowledgeOf(
  upstreams: readonly Upstream[],
): Pick<Sandbox, 'url' | 'calls' | 'call'> {
  return {
    url: upstreams[0]?.url ?? '',
    calls: async () => (await Promise.all(upstreams.map((one) => one.calls()))).flat(),
    call: async (id) => {
      const known = await Promise.all(upstreams.map((one) => one.call(id)))
      return known.find((call) => call !== null) ?? null
    },
  }
}

function closeLast(windows: Window[]): void {
  const last = windows.at(-1)
  if (last) last.to = Date.now()
}
