/** One keep-alive connection that carries one request at a time and checks every answer. */
import { connect, type Socket } from 'node:net'
import { ResponseReader } from './response.ts'

/** Bytes of a wrong answer that are kept to show what came instead. */
const EXCERPT_BYTES = 200

/** Called at the end of each answer; `failure` says what was wrong with it. */
export type Answered = (connection: Connection, failure: string | null) => void

export class Connection {
  /** Requests sent in the current run. */
  sent = 0
  startedAt = 0
  firstAt = 0
  /** Socket reads that carried payload of the current answer. */
  reads = 0
  busy = false
  readonly #port: number
  readonly #answered: Answered
  #socket: Socket | null = null
  #reader: ResponseReader = this.#newReader()
  #expected: Buffer = Buffer.alloc(0)
  #offset = 0
  #status = 0
  #freshRead = true
  #wrong: string | null = null

  constructor(port: number, answered: Answered) {
    this.#port = port
    this.#answered = answered
  }

  get open(): boolean {
    return this.#socket !== null
  }

  connect(): Promise<void> {
    this.#reader = this.#newReader()
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true }, resolve)
      this.#socket = socket
      socket.on('data', (data: Buffer) => this.#data(socket, data))
      socket.on('error', (error) => {
        reject(error)
        this.#lost(socket, error)
      })
      socket.on('end', () => this.#lost(socket, null))
      socket.on('close', () => this.#lost(socket, null))
    })
  }

  /** Sends one request whose answer must be a 200 with exactly the `expected` payload. */
  send(request: Buffer, expected: Buffer): void {
    this.#expected = expected
    this.#offset = 0
    this.#status = 0
    this.#wrong = null
    this.busy = true
    this.sent++
    this.reads = 0
    this.firstAt = 0
    this.#reader.expect()
    this.startedAt = performance.now()
    this.#socket?.write(request)
  }

  /** Gives the request under way up. */
  fail(message: string): void {
    this.close()
    this.#done(message)
  }

  close(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }

  #data(socket: Socket, data: Buffer): void {
    if (socket !== this.#socket) return
    this.#freshRead = true
    try {
      this.#reader.push(data)
    } catch (error) {
      this.fail(describe(error))
    }
  }

  #lost(socket: Socket, error: Error | null): void {
    if (socket !== this.#socket) return
    this.#socket = null
    socket.destroy()
    if (!this.busy) return
    try {
      if (error) throw error
      this.#reader.closed()
    } catch (cause) {
      this.#done(describe(cause))
    }
  }

  #newReader(): ResponseReader {
    return new ResponseReader({
      status: (code) => {
        this.#status = code
      },
      payload: (data, start, end) => this.#payload(data, start, end),
      end: (reusable) => {
        if (!reusable) this.close()
        this.#done(this.#verdict())
      },
    })
  }

  #payload(data: Buffer, start: number, end: number): void {
    if (this.firstAt === 0) this.firstAt = performance.now()
    if (this.#freshRead) this.reads++
    this.#freshRead = false
    const from = this.#offset
    this.#offset += end - start
    if (this.#wrong !== null) return
    const fits = this.#status === 200 && this.#offset <= this.#expected.length
    if (fits && data.compare(this.#expected, from, this.#offset, start, end) === 0) return
    const excerpt = data.toString('utf8', start, Math.min(end, start + EXCERPT_BYTES))
    this.#wrong = `HTTP ${this.#status}, wrong bytes: ${excerpt}`
  }

  #verdict(): string | null {
    if (this.#wrong !== null) return this.#wrong
    if (this.#status !== 200) return `HTTP ${this.#status} without a body`
    if (this.#offset === this.#expected.length) return null
    return `answer too short: ${this.#offset} of ${this.#expected.length} bytes`
  }

  #done(failure: string | null): void {
    if (!this.busy) return
    this.busy = false
    this.#answered(this, failure)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
