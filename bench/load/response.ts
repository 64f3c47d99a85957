/** An incremental HTTP/1.1 response reader that undoes the framing and nothing else. */

/** Bytes a head or a chunk-size line may have before it counts as broken. */
const MAX_LINE_BYTES = 65_536

export interface Sink {
  status(code: number): void
  /** Bytes of the payload, valid only during the call. */
  payload(data: Buffer, start: number, end: number): void
  /** The answer is complete; `reusable` says whether the connection may carry another one. */
  end(reusable: boolean): void
}

type State = 'idle' | 'head' | 'sized' | 'size' | 'chunk' | 'gap' | 'trailer' | 'until-close'

export class ResponseReader {
  readonly #sink: Sink
  #state: State = 'idle'
  #rest: Buffer | null = null
  #left = 0
  #reusable = true
  #complete = false

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** Call when a request was sent: the next bytes are its answer. */
  expect(): void {
    this.#state = 'head'
    this.#rest = null
    this.#complete = false
  }

  /** Takes the next bytes off the socket; throws where they are no valid answer. */
  push(data: Buffer): void {
    const buffer = this.#rest ? Buffer.concat([this.#rest, data]) : data
    this.#rest = null
    let at = 0
    while (at < buffer.length) {
      const next = this.#step(buffer, at)
      if (next < 0) {
        this.#rest = buffer.subarray(at)
        if (this.#rest.length > MAX_LINE_BYTES) throw new Error('endless head or chunk size')
        return
      }
      at = next
    }
    // Not before the whole read was looked at: bytes beyond the end make this answer wrong.
    if (this.#complete) this.#report()
  }

  /** The peer closed: the end of an answer without framing, or an error in the middle of one. */
  closed(): void {
    if (this.#state === 'until-close') {
      this.#reusable = false
      this.#report()
    } else if (this.#state !== 'idle') {
      throw new Error('connection closed in the middle of an answer')
    }
  }

  /** Handles the bytes from `at` and returns where the next ones begin, -1 if more are needed. */
  #step(buffer: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(buffer, at)
      case 'sized':
      case 'chunk':
        return this.#body(buffer, at)
      case 'size':
        return this.#size(buffer, at)
      case 'gap':
        return this.#gap(buffer, at)
      case 'trailer':
        return this.#trailer(buffer, at)
      case 'until-close':
        this.#sink.payload(buffer, at, buffer.length)
        return buffer.length
      default:
        throw new Error('bytes beyond the end of the answer')
    }
  }

  #head(buffer: Buffer, at: number): number {
    const end = buffer.indexOf('\r\n\r\n', at)
    if (end < 0) return -1
    const head = buffer.toString('latin1', at, end)
    if (!head.startsWith('HTTP/1.1 ')) throw new Error(`not HTTP/1.1: ${head.slice(0, 40)}`)
    this.#reusable = !/\r\nconnection: *close/i.test(head)
    this.#sink.status(Number(head.slice(9, 12)))
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'size'
    else if (length === undefined) this.#state = 'until-close'
    else this.#state = 'sized'
    this.#left = Number(length ?? 0)
    if (length === '0') this.#finish()
    return end + 4
  }

  #body(buffer: Buffer, at: number): number {
    const end = Math.min(buffer.length, at + this.#left)
    this.#left -= end - at
    this.#sink.payload(buffer, at, end)
    if (this.#left > 0) return end
    if (this.#state === 'chunk') this.#state = 'gap'
    else this.#finish()
    return end
  }

  #size(buffer: Buffer, at: number): number {
    const end = buffer.indexOf('\r\n', at)
    if (end < 0) return -1
    const line = buffer.toString('latin1', at, end)
    if (!/^[0-9a-f]{1,8}(;|$)/i.test(line)) throw new Error(`bad chunk size: ${line.slice(0, 20)}`)
    this.#left = Number.parseInt(line, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    return end + 2
  }

  #gap(buffer: Buffer, at: number): number {
    if (buffer.length < at + 2) return -1
    if (buffer[at] !== 13 || buffer[at + 1] !== 10) throw new Error('chunk longer than its size')
    this.#state = 'size'
    return at + 2
  }

  #trailer(buffer: Buffer, at: number): number {
    const end = buffer.indexOf('\r\n', at)
    if (end < 0) return -1
    if (end === at) this.#finish()
    return end + 2
  }

  #finish(): void {
    this.#state = 'idle'
    this.#complete = true
  }

  #report(): void {
    this.#state = 'idle'
    this.#complete = false
    this.#sink.end(this.#reusable)
  }
}
