import type { Random } from './random.ts'

/** Milliseconds after which Postgres gives up a statement by itself. */
const STATEMENT_TIMEOUT_MS = 10_000

/** One end of a line to Postgres: the connection of a lane. */
export type Connection = {
  readonly owner: Caller
  /** Given up: whatever still comes back on it is not heard. */
  isLost: boolean
}

export type Caller = {
  readonly isAlive: boolean
  readonly isPaused: boolean
  /** Nothing gets through in either direction. */
  readonly isCutOff: boolean
}

type Message = {
  connection: Connection
  what: string
  statement: () => unknown
  sentMs: number
  /** What Postgres said; null before it has executed the statement. */
  answer: { value: unknown } | { error: Error } | null
  resolve(value: unknown): void
  reject(error: Error): void
}

/** How often, in percent, something happens to a statement on its way. */
export type LinkFaults = { dropped: number; lost: number; duplicated: number }

/**
 * Postgres and the way to it. Statements are executed one at a time, in any order; a statement or
 * its answer may get lost, with and without notice, and a statement may be executed twice, or
 * after everybody has given it up.
 */
export class SimPostgres {
  state: 'up' | 'hung' | 'down' = 'up'
  faults: LinkFaults = { dropped: 0, lost: 0, duplicated: 0 }
  #messages: Message[] = []
  readonly #random: Random
  readonly #nowMs: () => number

  constructor(random: Random, nowMs: () => number) {
    this.#random = random
    this.#nowMs = nowMs
  }

  send<T>(connection: Connection, what: string, statement: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const answer = this.state === 'down' ? { error: refused() } : null
    const message = { connection, what, statement, sentMs: this.#nowMs(), answer, resolve, reject }
    this.#messages.push(message as Message)
    return promise
  }

  /** Nothing gets through any more; what is on its way is cut. */
  goDown(): void {
    this.state = 'down'
    for (const message of this.#messages) message.answer ??= { error: closed() }
  }

  comeUp(): void {
    this.state = 'up'
  }

  /** Messages that can move: to Postgres, or back. */
  moving(): Message[] {
    return this.#messages.filter((message) => this.#canMove(message))
  }

  /** Moves one of them. @returns what happened, for the trace */
  move(message: Message): string {
    if (message.answer) return this.#deliver(message)
    if (isGivenUp(message) && this.#isTooLate(message)) {
      this.#forget(message)
      return `${message.what} was given up`
    }
    const { dropped, lost, duplicated } = this.faults
    if (this.#random.chance(dropped)) return this.#lose(message, 'before it was executed')
    this.#execute(message)
    if (this.#random.chance(duplicated)) this.#messages.push(zombie(message))
    if (isGivenUp(message)) {
      this.#forget(message)
      return `${message.what} executed for nobody`
    }
    if (this.#random.chance(lost)) return this.#lose(message, 'after it was executed')
    return this.#random.chance(75) ? this.#deliver(message) : `${message.what} executed`
  }

  #canMove({ connection, answer }: Message): boolean {
    const { isAlive, isPaused, isCutOff } = connection.owner
    if (answer === null) return this.state === 'up' && !isCutOff
    return connection.isLost || !isAlive || !(isPaused || isCutOff)
  }

  #execute(message: Message): void {
    try {
      message.answer = { value: message.statement() }
    } catch (error) {
      message.answer = { error: error as Error }
    }
  }

  #deliver(message: Message): string {
    this.#forget(message)
    if (isGivenUp(message) || !message.answer) return `${message.what} answered nobody`
    if ('error' in message.answer) message.reject(message.answer.error)
    else message.resolve(message.answer.value)
    return `${message.what} ${'error' in message.answer ? 'failed' : 'answered'}`
  }

  /** The other side is told that the connection broke, or it has to find out by itself. */
  #lose(message: Message, when: string): string {
    if (this.#random.chance(50)) message.answer = { error: closed() }
    else this.#forget(message)
    return `${message.what} was lost ${when}`
  }

  /** A statement that nobody waits for runs for so long at most, or is never seen. */
  #isTooLate({ sentMs }: Message): boolean {
    return this.#nowMs() - sentMs > STATEMENT_TIMEOUT_MS || this.#random.chance(50)
  }

  #forget(message: Message): void {
    this.#messages = this.#messages.filter((one) => one !== message)
  }
}

function isGivenUp({ connection }: Message): boolean {
  return connection.isLost || !connection.owner.isAlive
}

/** The same statement once more, with nobody listening. */
function zombie(message: Message): Message {
  return { ...message, connection: { ...message.connection, isLost: true }, answer: null }
}

function refused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
}

function closed(): Error {
  return Object.assign(new Error('write CONNECTION_CLOSED'), { code: 'CONNECTION_CLOSED' })
}
