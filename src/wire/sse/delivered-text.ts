import type { Delivered } from '../../domain/usage/estimate.ts'
import type { Usage } from '../../domain/usage/usage.ts'

/** Counts the text that a stream delivers, and can take its last event back. */
export class DeliveredText implements Delivered {
  chunkCount = 0
  completionLength = 0
  /** Characters of those that were reasoning. */
  reasoningLength = 0
  /** Output tokens that are no text. */
  mediaTokens = 0
  /** The text itself, kept only where a tokenizer will count it. */
  completion: string[] | null
  #chunksBefore = 0
  #lengthBefore = 0
  #reasoningBefore = 0
  #mediaBefore = 0
  #piecesBefore = 0
  #chunksReported = 0
  #lengthReported = 0

  constructor(keepText: boolean) {
    this.completion = keepText ? [] : null
  }

  /** The text delivered, where it was to be kept. */
  get text(): string {
    return this.completion?.join('') ?? ''
  }

  /** Whether the last event has text. */
  get hasText(): boolean {
    return this.completionLength > this.#lengthBefore
  }

  /** The last event is not delivered after all: it does not count. */
  takeBack(): void {
    this.chunkCount = this.#chunksBefore
    this.completionLength = this.#lengthBefore
    this.reasoningLength = this.#reasoningBefore
    this.mediaTokens = this.#mediaBefore
    this.completion?.splice(this.#piecesBefore)
  }

  /** What came after the last report of more output: that can not have counted it. */
  get unreported(): Delivered {
    return {
      chunkCount: Math.max(0, this.chunkCount - this.#chunksReported),
      completionLength: Math.max(0, this.completionLength - this.#lengthReported),
    }
  }

  /** The upstream has reported: what was delivered until now is counted where it tells of more. */
  protected reported(before: Usage | null, now: Usage): void {
    if (now.completionTokens <= (before?.completionTokens ?? 0)) return
    this.#chunksReported = this.chunkCount
    this.#lengthReported = this.completionLength
  }

  /** Another event begins. */
  protected nextEvent(): void {
    this.#chunksBefore = this.chunkCount
    this.#lengthBefore = this.completionLength
    this.#reasoningBefore = this.reasoningLength
    this.#mediaBefore = this.mediaTokens
    this.#piecesBefore = this.completion?.length ?? 0
  }

  protected add(text: unknown): void {
    if (typeof text !== 'string') return
    this.completionLength += text.length
    this.completion?.push(text)
  }
}
