import { Worker } from 'node:worker_threads'

/** Milliseconds a text may take; long runs without separators are quadratic to tokenise (W-99). */
const DEADLINE_MS = 2_000

type Answer = { id: number; tokens: number }
type Waiting = (tokens: number | null) => void

/**
 * Counts tokens exactly, in a worker, so that no text can stall the event loop. The worker is
 * started by the first count, and again after a text that took too long.
 */
export class Tokenizer {
  #worker: Worker | null = null
  #nextId = 0
  readonly #waiting = new Map<number, Waiting>()

  /** @returns the tokens of the text; null when it could not be counted in time. Never rejects. */
  async count(text: string): Promise<number | null> {
    let worker: Worker
    try {
      worker = this.#start()
    } catch {
      return null // no memory for a worker, say: an estimate is found without it
    }
    this.#nextId += 1
    const id = this.#nextId
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.#waiting.set(id, resolve)
    const timer = setTimeout(() => this.#stop(), DEADLINE_MS)
    worker.postMessage({ id, text })
    const tokens = await promise
    clearTimeout(timer)
    return tokens
  }

  /** Stops the worker; counts that were running answer null. */
  close(): void {
    this.#stop()
  }

  #start(): Worker {
    if (this.#worker) return this.#worker
    const file = new URL(import.meta.url.replace(/tokenizer(\.[jt]s)$/, 'tokenizer-worker$1'))
    const worker = new Worker(file)
    worker.unref()
    worker.on('message', ({ id, tokens }: Answer) => this.#answer(id, tokens))
    worker.on('error', () => this.#stop())
    this.#worker = worker
    return worker
  }

  #answer(id: number, tokens: number): void {
    this.#waiting.get(id)?.(tokens)
    this.#waiting.delete(id)
  }

  #stop(): void {
    void this.#worker?.terminate()
    this.#worker = null
    for (const resolve of this.#waiting.values()) resolve(null)
    this.#waiting.clear()
  }
}
