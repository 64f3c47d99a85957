import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.ts'
import { type DueAnswer, Frames, Questions } from './postgres-frames.ts'

/** Whether the answer to a statement is to be lost; asked once for each time it is executed. */
export type DropRule = (statement: string) => boolean

/** Milliseconds by which answers are late: any from the least to the most. */
export type Lateness = { leastMs: number; mostMs: number }

type Faults = { paused: boolean; lateness: Lateness | null; drops: DropRule; dropped(): void }

/** The way to Postgres by TCP, in the hands of whoever wants it to fail. */
export class FaultProxy {
  readonly #server: Server
  readonly #target: URL
  readonly #links = new Set<Link>()
  readonly #faults: Faults
  #port = 0
  #made = 0
  #dropped = 0

  private constructor(databaseUrl: string) {
    this.#target = new URL(databaseUrl)
    const dropped = () => {
      this.#dropped += 1
    }
    this.#faults = { paused: false, lateness: null, drops: () => false, dropped }
    this.#server = createServer((client) => {
      this.#made += 1
      const link = new Link(client, this.#target, this.#faults)
      this.#links.add(link)
      client.once('close', () => this.#links.delete(link))
    })
  }

  /** Begins to listen in front of a database; the URL must not ask for TLS. */
  static async start(databaseUrl: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(databaseUrl)
    proxy.#port = await freePort() // not any one: it is to be there still after a `refuse`
    await proxy.accept()
    return proxy
  }

  /** The URL of the database by this way. */
  get url(): string {
    const url = new URL(this.#target)
    url.host = `127.0.0.1:${this.#port}`
    return url.href
  }

  /** Connections that were made so far. */
  get made(): number {
    return this.#made
  }

  /** Answers that were dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** Lets nothing through in either direction; new connections are accepted, and hang. */
  pause(): void {
    this.#faults.paused = true
    for (const link of this.#links) link.pause()
  }

  /** Lets through what waited, and whatever comes. */
  resume(): void {
    this.#faults.paused = false
    for (const link of this.#links) link.resume()
  }

  /** Swallows what Postgres answers on the connections there are; new ones work. */
  mute(): void {
    for (const link of this.#links) link.mute()
  }

  /** Ends every connection; new ones work. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  /** Ends every connection and closes the port. */
  async refuse(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  /** Opens the port. */
  async accept(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Delays every answer, each by its own time; null ends that. */
  delayAnswers(lateness: Lateness | null): void {
    this.#faults.lateness = lateness
  }

  /**
   * Drops the answers that the rule chooses, after the statement was executed and committed, and
   * cuts the connection then; null ends that.
   */
  dropAnswers(rule: DropRule | null): void {
    this.#faults.drops = rule ?? (() => false)
  }

  /** Drops the next answer to any statement, and cuts its connection. */
  dropNextAnswer(): void {
    this.dropAnswers(() => {
      this.dropAnswers(null)
      return true
    })
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse()
  }
}

/** One connection of a client, and its own to Postgres. */
class Link {
  readonly #client: Socket
  readonly #target: URL
  readonly #faults: Faults
  readonly #questions = new Questions()
  readonly #answers = new Frames()
  readonly #doomed = new WeakSet<DueAnswer>()
  #postgres: Socket | null = null
  #lateUntil = 0
  #isMuted = false

  constructor(client: Socket, target: URL, faults: Faults) {
    this.#client = client
    this.#target = target
    this.#faults = faults
    client.setNoDelay(true).on('error', () => {})
    client.on('close', () => this.#postgres?.destroy())
    if (faults.paused) client.pause()
    else this.#connect()
  }

  pause(): void {
    this.#client.pause()
    this.#postgres?.pause()
  }

  resume(): void {
    if (this.#postgres === null) this.#connect()
    this.#client.resume()
    this.#postgres?.resume()
  }

  mute(): void {
    this.#isMuted = true
  }

  cut(): void {
    this.#client.destroy()
    this.#postgres?.destroy()
  }

  #connect(): void {
    const postgres = connect(Number(this.#target.port), this.#target.hostname).setNoDelay(true)
    this.#postgres = postgres
    this.#client.on('data', (chunk) => {
      for (const due of this.#questions.push(chunk)) {
        if (due.statements.some(this.#faults.drops)) this.#doomed.add(due)
      }
      postgres.write(chunk)
    })
    postgres.on('error', () => {}).on('close', () => this.#client.destroy())
    postgres.on('data', (chunk) => this.#answer(chunk))
  }

  #answer(chunk: Buffer): void {
    const { due } = this.#questions
    const through: Buffer[] = []
    for (const { type, bytes } of this.#answers.push(chunk)) {
      const isDoomed = due[0] !== undefined && this.#doomed.has(due[0])
      if (!isDoomed) through.push(bytes)
      if (type !== 'Z') continue
      due.shift()
      if (!isDoomed) continue
      this.#faults.dropped()
      this.cut()
      return
    }
    if (through.length > 0) this.#pass(Buffer.concat(through))
  }

  /** Late answers stay in their order. */
  #pass(bytes: Buffer): void {
    const { lateness } = this.#faults
    const now = performance.now()
    const { leastMs, mostMs } = lateness ?? { leastMs: 0, mostMs: 0 }
    const at = Math.max(this.#lateUntil, now + leastMs + Math.random() * (mostMs - leastMs))
    if (lateness === null && this.#lateUntil <= now) this.#write(bytes)
    else setTimeout(() => this.#write(bytes), at - now)
    this.#lateUntil = at
  }

  #write(bytes: Buffer): void {
    if (this.#client.writable && !this.#isMuted) this.#client.write(bytes)
  }
}
