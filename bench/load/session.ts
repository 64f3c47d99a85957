/** A set of connections to one target, and the runs over them. */
import { JSON_ANSWER, streamPayload } from '../answers.ts'
import { Connection } from './connection.ts'
import type { OpenOrder, RunOrder, RunResult } from './orders.ts'
import { quantiles } from './quantiles.ts'

/** Connections opened at the same time, below any listen backlog. */
const CONNECT_BATCH = 100
/** A run with this many errors is broken and ends early. */
const MAX_ERRORS = 200
const MAX_SAMPLES = 5
/** Wait before a failed connection is opened again, in ms. */
const RECONNECT_MS = 50

interface Run {
  order: RunOrder
  requests: Buffer[]
  expected: Buffer
  startedAt: number
  started: number
  active: number
  stopping: boolean
  errors: number
  samples: Set<string>
  totals: number[]
  firsts: number[]
  reads: number
  lastAt: number
  resolve: () => void
}

export class Session {
  readonly #connections: Connection[] = []
  readonly #order: OpenOrder
  #run: Run | null = null

  constructor(order: OpenOrder) {
    this.#order = order
  }

  async open(): Promise<void> {
    const { connections, port } = this.#order
    while (this.#connections.length < connections) {
      const batch: Promise<void>[] = []
      while (batch.length < CONNECT_BATCH && this.#connections.length < connections) {
        const connection = new Connection(port, this.#answered)
        this.#connections.push(connection)
        batch.push(connection.connect())
      }
      await Promise.all(batch)
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  async run(order: RunOrder): Promise<RunResult> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const run = this.#newRun(order, resolve)
    this.#run = run
    const timers = this.#startAll(run)
    timers.push(setTimeout(() => this.#stop(run), order.durationMs))
    timers.push(setTimeout(() => this.#giveUp(run), order.durationMs + order.graceMs))
    await promise
    for (const timer of timers) clearTimeout(timer)
    this.#run = null
    return {
      requests: run.totals.length,
      errors: run.errors,
      samples: [...run.samples],
      elapsedMs: run.lastAt - run.startedAt,
      total: quantiles(run.totals),
      first: quantiles(run.firsts),
      reads: run.reads,
    }
  }

  #newRun(order: RunOrder, resolve: () => void): Run {
    const expected = order.stream ? streamPayload(order.stream) : JSON_ANSWER
    const requests = this.#order.keys.map((key) => request(this.#order.port, key, order.body))
    const startedAt = performance.now()
    return {
      order,
      requests,
      expected,
      startedAt,
      started: 0,
      active: this.#connections.length,
      stopping: false,
      errors: 0,
      samples: new Set(),
      totals: [],
      firsts: [],
      reads: 0,
      lastAt: startedAt,
      resolve,
    }
  }

  #startAll(run: Run): NodeJS.Timeout[] {
    const timers: NodeJS.Timeout[] = []
    for (const [index, connection] of this.#connections.entries()) {
      connection.sent = 0
      const waitMs = (run.order.rampMs * index) / this.#connections.length
      if (waitMs < 1) this.#next(run, connection)
      else timers.push(setTimeout(() => this.#next(run, connection), waitMs))
    }
    return timers
  }

  #next(run: Run, connection: Connection): void {
    const { perConnection, maxRequests } = run.order
    if (run.stopping || connection.sent >= perConnection || run.started >= maxRequests) {
      run.active--
      if (run.active === 0) run.resolve()
      return
    }
    const bytes = run.requests[run.started++ % run.requests.length]
    if (!bytes) throw new Error('a run needs at least one key')
    if (connection.open) {
      connection.send(bytes, run.expected)
      return
    }
    connection.connect().then(
      () => connection.send(bytes, run.expected),
      (error) => this.#failed(run, connection, `cannot connect: ${String(error)}`),
    )
  }

  readonly #answered = (connection: Connection, failure: string | null): void => {
    const run = this.#run
    if (!run) return
    if (failure !== null) {
      this.#failed(run, connection, failure)
      return
    }
    const now = performance.now()
    run.lastAt = now
    run.totals.push(now - connection.startedAt)
    run.firsts.push(connection.firstAt - connection.startedAt)
    run.reads += connection.reads
    this.#next(run, connection)
  }

  #failed(run: Run, connection: Connection, failure: string): void {
    run.errors++
    if (run.samples.size < MAX_SAMPLES) run.samples.add(failure)
    if (run.errors >= MAX_ERRORS) this.#stop(run)
    connection.close()
    if (run.stopping) this.#next(run, connection)
    else setTimeout(() => this.#next(run, connection), RECONNECT_MS)
  }

  #stop(run: Run): void {
    run.stopping = true
  }

  #giveUp(run: Run): void {
    const seconds = (run.order.durationMs + run.order.graceMs) / 1000
    for (const connection of this.#connections) {
      if (connection.busy) connection.fail(`no complete answer within ${seconds} s`)
    }
    // A connection that is still being opened has no request to fail: end the run all the same.
    run.resolve()
  }
}

function request(port: number, key: string, body: string): Buffer {
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n` +
      `authorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `accept: */*\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
