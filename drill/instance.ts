import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { ended, hasEnded, startNode } from './processes.ts'
import { until } from './until.ts'
import type { Window } from './windows.ts'

/** Milliseconds a start may take, migrations and a busy machine included. */
const START_MS = 60_000

type InstanceOptions = { name: string; port: number; folder: string; env: Record<string, string> }

/** One Tollkeeper: a real process on an address and a DATA_DIR that it keeps over restarts. */
export class Instance {
  readonly name: string
  readonly origin: string
  readonly dataDir: string
  /** When it was gone by kill -9: from the signal until it answered again. */
  readonly killed: Window[] = []
  /** When it was told to stop: from the signal until it answered again. */
  readonly stopped: Window[] = []
  /** When it stood still. */
  readonly frozen: Window[] = []
  /** Times it ended though nobody had told it to. */
  deaths = 0
  readonly #logFile: string
  readonly #env: Record<string, string>
  #child: ChildProcess | null = null
  #isGoing = false

  constructor({ name, port, folder, env }: InstanceOptions) {
    this.name = name
    this.origin = `http://127.0.0.1:${port}`
    this.dataDir = join(folder, name)
    this.#logFile = join(folder, `${name}.log`)
    this.#env = { ...env, PORT: String(port), DATA_DIR: this.dataDir }
  }

  /** Megabytes of memory it has in use now. */
  get megabytes(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'latin1')
    return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024)
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    this.#isGoing = false
    await mkdir(this.dataDir, { recursive: true })
    const log = await open(this.#logFile, 'a')
    const child = await startNode('src/server.ts', this.#env, ['ignore', log.fd, log.fd])
    await log.close()
    this.#child = child
    child.once('exit', () => {
      if (!this.#isGoing) this.deaths += 1
    })
    const isReady = async () => {
      if (hasEnded(child)) throw new Error(`${this.name} did not start: ${this.#tail()}`)
      return this.#answers()
    }
    await until(`${this.name} answers`, isReady, START_MS)
    for (const windows of [this.killed, this.stopped]) closeLast(windows)
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.killed.push({ from: Date.now(), to: null })
    await this.#end('SIGKILL')
  }

  /** SIGTERM. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.stopped.push({ from: Date.now(), to: null })
    return this.#end('SIGTERM')
  }

  /** SIGSTOP: it stands still with all its sockets open. */
  freeze(): void {
    this.frozen.push({ from: Date.now(), to: null })
    this.#child?.kill('SIGSTOP')
  }

  /** SIGCONT. */
  thaw(): void {
    closeLast(this.frozen)
    this.#child?.kill('SIGCONT')
  }

  /** Ends the process in whatever state it is. */
  async destroy(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** The lines of its log with this message, over all its starts. */
  logged(message: string): string[] {
    const lines = readFileSync(this.#logFile, 'utf8').split('\n')
    return lines.filter((line) => line.includes(`"msg":"${message}"`))
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#isGoing = true
    if (this.#child === null) return null
    this.#child.kill(signal)
    return ended(this.#child)
  }

  async #answers(): Promise<boolean> {
    const answer = await fetch(`${this.origin}/healthz`).catch(() => null)
    await answer?.arrayBuffer()
    return answer?.status === 200
  }

  #tail(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-1_000)
  }
}

function closeLast(windows: Window[]): void {
  const last = windows.at(-1)
  if (last) last.to ??= Date.now()
}
