import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { ProxyError } from '../errors.ts'
import type { BufferShare } from './buffer-budget.ts'
import { CODINGS, decoderOf } from './content-coding.ts'

type Bounds = {
  /** Bytes of a body, decoded. */
  limit: number
  share: BufferShare
}

/**
 * Reads a body whole, decoded (W-15). What is too much is not even inflated: past a bound nothing
 * more is read into memory, and what the client still sends is dropped, so that it can read why.
 * @throws ProxyError request_too_large, unsupported_content_encoding, invalid_content_encoding,
 * overloaded, bad_http
 */
export function readBody(raw: IncomingMessage, bounds: Bounds): Promise<Buffer> {
  const { 'content-encoding': coding, 'content-length': length = '0' } = raw.headers
  const decoder = decoderOf(coding)
  if (decoder === undefined) {
    const message = `The Content-Encoding of the body must be ${CODINGS}.`
    throw new ProxyError('unsupported_content_encoding', { message })
  }
  if (Number(length) > bounds.limit) throw new ProxyError('request_too_large')
  return collect(raw, decoder, bounds)
}

function collect(
  raw: IncomingMessage,
  decoder: Transform | null,
  { limit, share }: Bounds,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let bytes = 0

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
    bytes += chunk.length
    try {
      if (bytes > limit) throw new ProxyError('request_too_large')
      share.take(chunk.length)
      chunks.push(chunk)
    } catch (error) {
      stop(error as ProxyError)
    }
  }

  function end(): void {
    resolve(Buffer.concat(chunks, bytes))
    leave()
  }

  const cut = (cause: Error) => stop(new ProxyError('bad_http', { cause }))
  const broken = (cause: Error) => stop(new ProxyError('invalid_content_encoding', { cause }))

  /** The connection lives on, and must not keep the body alive. */
  function leave(): void {
    chunks.length = 0
    source.off('data', add).off('end', end)
    raw.off('error', cut)
    decoder?.off('error', broken)
  }

  raw.once('error', cut)
  decoder?.once('error', broken)
  const source = (decoder ? raw.pipe(decoder) : raw).on('data', add).once('end', end)
  return promise
}
