import { Worker } from 'node:worker_threads'
import { SYSTEM_CLOCK } from '../clock.ts'
import { deadline } from '../standstill.ts'

/** Milliseconds a text may take; long runs without separators are quadratic to tokenise (W-99). */
const DEADLINE_MS = 2_000

/** Milliseconds a text may take with its wait for others: some of them take all of theirs. */
const PATIENCE_MS = 10_000

/** Milliseconds the worker may take to start: it reads a large vocabulary. */
const START_MS = 20_000

type Job = { text: string; answer(tokens: number | null): void }

/** What the worker says: null once, when it has started; then the tokens of each text. */
type Word = number | null

/**
 * Counts tokens exactly, in a worker, so that no text can stall the event loop. It has one text at
 * a time, the shortest that waits: who sends a text that takes too long spoils no count but that.
 * The worker is started by the first count, and again after such a text.
 */
export class Tokenizer {
  #worker: Worker | null = null
  #isReady = false
  /** What the worker counts now. */
  #current: Job | null = null
  #cancelDeadline = () => {}
  readonly #waiting = new Set<Job>()

  /** @returns the tokens of the text; null when it could not be counted in time. Never rejects. */
  async count(text: string): Promise<number | null> {
    const { promise, resolve: answer } = Promise.withResolvers<number | null>()
    const job = { text, answer }
    this.#waiting.add(job)
    const cancel = deadline(SYSTEM_CLOCK, PATIENCE_MS, () => this.#giveUp(job))
    this.#next()
    const tokens = await promise
    cancel()
    return tokens
  }

  /** Stops the worker; counts that are running or wait answer null. */
  close(): void {
    this.#stop()
    for (const { answer } of this.#waiting) answer(null)
    this.#waiting.clear()
  }

  #next(): void {
    if (this.#current !== null || this.#waiting.size === 0) return
    try {
      this.#worker ??= this.#start()
    } catch {
      this.close() // no memory for a worker, say: estimates are found without it
    }
    if (this.#worker === null || !this.#isReady) return
    const job = [...this.#waiting].reduce((a, b) => (b.text.length < a.text.length ? b : a))
    this.#waiting.delete(job)
    this.#current = job
    this.#cancelDeadline = deadline(SYSTEM_CLOCK, DEADLINE_MS, () => this.#restart())
    this.#worker.postMessage(job.text)
  }

  #start(): Worker {
    const file = new URL(import.meta.url.replace(/tokenizer(\.[jt]s)$/, 'tokenizer-worker$1'))
    const worker = new Worker(file)
    worker.unref()
    const isCurrent = () => this.#worker === worker
    const starting = setTimeout(() => isCurrent() && this.close(), START_MS).unref()
    worker.on('message', (word: Word) => {
      clearTimeout(starting)
      if (!isCurrent()) return
      if (word === null) this.#isReady = true
      else this.#answer(word)
      this.#next()
    })
    worker.on('error', () => {
      clearTimeout(starting)
      if (!isCurrent()) return
      if (this.#isReady) this.#restart()
      else this.close()
    })
    return worker
  }

  #answer(tokens: number | null): void {
    this.#cancelDeadline()
    this.#current?.answer(tokens)
    this.#current = null
  }

  /** Gives up what the worker counts, and goes on with the others in a new one. */
  #restart(): void {
    this.#stop()
    this.#next()
  }

  #stop(): void {
    void this.#worker?.terminate()
    this.#worker = null
    this.#isReady = false
    this.#answer(null)
  }

  /** It has waited too long, and goes on without a count. */
  #giveUp(job: Job): void {
    if (this.#waiting.delete(job)) job.answer(null)
  }
}
