import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Transform } from 'node:stream'
import { ProxyError } from '../errors.ts'
import type { BufferShare } from './buffer-budget.ts'
import { CODINGS, codingOf, decoderOf } from './content-coding.ts'
import { Pieces } from './pieces.ts'

type Bounds = {
  /** Bytes of a body, decoded. */
  limit: number
  share: BufferShare
}

/** What ends the reading of the body that comes on a connection. */
const reading = new WeakMap<Socket, (error: ProxyError) => void>()

/**
 * Nothing more of a body can come on a connection: whoever reads it gets the error, and answers.
 * @returns whether one was read
 */
export function breakOffBody(connection: Socket, error: ProxyError): boolean {
  const stop = reading.get(connection)
  stop?.(error)
  return stop !== undefined
}

/**
 * Reads a body whole, decoded (W-15). What is too much is not even inflated: past a bound nothing
 * more is read into memory, and what the client still sends is dropped, so that it can read why.
 * @throws ProxyError request_too_large, unsupported_content_encoding, invalid_content_encoding,
 * overloaded, bad_http, request_timeout
 */
export function readBody(raw: IncomingMessage, bounds: Bounds): Promise<Buffer> {
  const { 'content-encoding': header, 'content-length': length = '0' } = raw.headers
  const coding = codingOf(header)
  if (coding === null) {
    const message = `The Content-Encoding of the body must be ${CODINGS}.`
    throw new ProxyError('unsupported_content_encoding', { message })
  }
  if (Number(length) > bounds.limit) throw new ProxyError('request_too_large')
  return collect(raw, decoderOf(coding), bounds)
}

function collect(
  raw: IncomingMessage,
  decoder: Transform | null,
  { limit, share }: Bounds,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const pieces = new Pieces()

  function stop(error: ProxyError): void {
    leave()
    share.release()
    if (decoder) {
      raw.unpipe(decoder)
      decoder.on('error', () => {}).destroy()
    }
    raw.resume()
    reject(error)
  }

  function add(chunk: Buffer): void {
    try {
      if (pieces.bytes + chunk.length > limit) throw new ProxyError('request_too_large')
      share.take(chunk.length)
      pieces.add(chunk)
    } catch (error) {
      stop(error as ProxyError)
    }
  }

  function end(): void {
    resolve(pieces.whole())
    leave()
  }

  const cut = (cause: Error) => stop(new ProxyError('bad_http', { cause }))
  const broken = (cause: Error) => stop(new ProxyError('invalid_content_encoding', { cause }))

  /** The connection lives on, and must not keep the body alive. */
  function leave(): void {
    pieces.clear()
    reading.delete(raw.socket)
    source.off('data', add).off('end', end)
    raw.off('error', cut)
    decoder?.off('error', broken)
  }

  reading.set(raw.socket, stop)
  raw.once('error', cut)
  decoder?.once('error', broken)
  const source = (decoder ? raw.pipe(decoder) : raw).on('data', add).once('end', end)
  return promise
}
