import { type Dispatcher, errors, Pool } from 'undici'
import type { Account } from './accounts.ts'
import { AnswerReader, type ReportedUsage } from './answer-reader.ts'
import type { Instance } from './instance.ts'
import { bodyOf, type Order, tokensOf } from './orders.ts'

/** Milliseconds a client waits for a head, or for the next bytes: longer than any fault lasts. */
const PATIENCE_MS = 300_000

/**
 * How a request ended for its client. `refused`: an error instead of an answer. `broken`: an error
 * event in a stream. `silent`: a stream ended without [DONE] and without an error. `cut`: the
 * connection was lost after the head, `reset`: before it. `unreachable`: there was no connection.
 * `left`: the client hung up.
 */
export type Ending =
  | 'complete'
  | 'refused'
  | 'broken'
  | 'silent'
  | 'cut'
  | 'reset'
  | 'unreachable'
  | 'left'

/** Everything the client saw of one request. Times are epoch milliseconds. */
export type Seen = {
  order: Order
  account: Account
  instance: Instance
  sentAt: number
  headAt: number | null
  endedAt: number | null
  /** From `x-request-id`. */
  id: string | null
  status: number | null
  retryAfter: string | null
  /** Null while it runs. */
  ending: Ending | null
  /** The code of the error, or of the connection's fault. */
  code: string | null
  usage: ReportedUsage | null
  /** Characters of the answer's text. */
  characters: number
}

/** Clients of all instances, with connections that are kept. */
export class Client {
  readonly #pools = new Map<Instance, Pool>()

  /** Begins a request. What is seen of it grows in the answer; `over` resolves at its end. */
  send(instance: Instance, account: Account, order: Order): { seen: Seen; over: Promise<Seen> } {
    const seen: Seen = {
      order,
      account,
      instance,
      sentAt: Date.now(),
      headAt: null,
      endedAt: null,
      id: null,
      status: null,
      retryAfter: null,
      ending: null,
      code: null,
      usage: null,
      characters: 0,
    }
    return { seen, over: this.#follow(seen) }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }

  async #follow(seen: Seen): Promise<Seen> {
    const reader = new AnswerReader(seen.order.stream)
    try {
      await this.#exchange(seen, reader)
      seen.ending = endingOf(seen, reader)
      seen.code = reader.errorCode
    } catch (error) {
      // What came after [DONE] is nothing to a client.
      seen.ending = reader.isComplete ? 'complete' : endingOfFault(seen, error)
      seen.code = codeOf(error)
    }
    seen.endedAt = Date.now()
    return seen
  }

  async #exchange(seen: Seen, reader: AnswerReader): Promise<void> {
    const { order, account, instance } = seen
    const hangUp = new AbortController()
    const answer = await this.#poolOf(instance).request({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${account.key}`, 'content-type': 'application/json' },
      body: bodyOf(order),
      signal: hangUp.signal,
    })
    readHead(seen, answer)
    reader.begin(answer.statusCode)
    for await (const chunk of answer.body) {
      reader.push(chunk)
      copyText(seen, reader)
      const { leavesAt } = order
      if (leavesAt !== null && tokensOf(reader.characters) >= leavesAt) hangUp.abort()
    }
    reader.end()
    copyText(seen, reader)
  }

  #poolOf(instance: Instance): Pool {
    const known = this.#pools.get(instance)
    if (known) return known
    const pool = new Pool(instance.origin, {
      connections: null,
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
    })
    this.#pools.set(instance, pool)
    return pool
  }
}

function readHead(seen: Seen, { statusCode, headers }: Dispatcher.ResponseData): void {
  seen.headAt = Date.now()
  seen.status = statusCode
  seen.id = headerOf(headers['x-request-id'])
  seen.retryAfter = headerOf(headers['retry-after'])
}

function copyText(seen: Seen, { characters, usage }: AnswerReader): void {
  seen.characters = characters
  seen.usage = usage
}

function headerOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}

function endingOf({ status }: Seen, { errorCode, isComplete }: AnswerReader): Ending {
  if (status !== 200) return 'refused'
  if (errorCode !== null) return 'broken'
  return isComplete ? 'complete' : 'silent'
}

function endingOfFault(seen: Seen, error: unknown): Ending {
  if (error instanceof errors.RequestAbortedError || nameOf(error) === 'AbortError') return 'left'
  if (['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'].includes(codeOf(error))) return 'unreachable'
  return seen.headAt === null ? 'reset' : 'cut'
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code ?? message ?? String(error)
}
