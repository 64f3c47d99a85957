import { Worker } from 'node:worker_threads'

/** Milliseconds a text may take; long runs without separators are quadratic to tokenise (W-99). */
const DEADLINE_MS = 2_000

/** Milliseconds the worker may take to start: it reads a large vocabulary. */
const START_MS = 20_000

/** What the worker says: null once, when it has started. */
type Answer = { id: number; tokens: number } | null
type Waiting = (tokens: number | null) => void

/** `ready` is settled when the worker has started, or was stopped before. */
type Running = { worker: Worker; ready: Promise<void>; began(): void }

/**
 * Counts tokens exactly, in a worker, so that no text can stall the event loop. The worker is
 * started by the first count, and again after a text that took too long.
 */
export class Tokenizer {
  #running: Running | null = null
  #nextId = 0
  readonly #waiting = new Map<number, Waiting>()

  /** @returns the tokens of the text; null when it could not be counted in time. Never rejects. */
  async count(text: string): Promise<number | null> {
    let running: Running
    try {
      running = this.#running ??= this.#start()
    } catch {
      return null // no memory for a worker, say: an estimate is found without it
    }
    this.#nextId += 1
    const id = this.#nextId
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.#waiting.set(id, resolve)
    await running.ready
    const timer = setTimeout(() => this.#stop(), DEADLINE_MS)
    running.worker.postMessage({ id, text })
    const tokens = await promise
    clearTimeout(timer)
    return tokens
  }

  /** Stops the worker; counts that were running answer null. */
  close(): void {
    this.#stop()
  }

  #start(): Running {
    const file = new URL(import.meta.url.replace(/tokenizer(\.[jt]s)$/, 'tokenizer-worker$1'))
    const worker = new Worker(file)
    worker.unref()
    const { promise: ready, resolve: began } = Promise.withResolvers<void>()
    worker.on('message', (answer: Answer) => {
      if (answer === null) began()
      else this.#answer(answer.id, answer.tokens)
    })
    worker.on('error', () => this.#stop())
    const timer = setTimeout(() => this.#stop(), START_MS).unref()
    void ready.then(() => clearTimeout(timer))
    return { worker, ready, began }
  }

  #answer(id: number, tokens: number): void {
    this.#waiting.get(id)?.(tokens)
    this.#waiting.delete(id)
  }

  #stop(): void {
    const running = this.#running
    this.#running = null
    for (const resolve of this.#waiting.values()) resolve(null)
    this.#waiting.clear()
    running?.began()
    void running?.worker.terminate()
  }
}
