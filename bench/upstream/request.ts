/** Takes one HTTP/1.1 request off the front of a buffer. */

/** Bytes a request head or body may have; only our own proxies ever talk to this server. */
const MAX_HEAD_BYTES = 16_384
const MAX_BODY_BYTES = 1_048_576

export interface Request {
  method: string
  body: Buffer
  /** Bytes of the buffer that this request took. */
  size: number
}

/** The request, null while it is incomplete; throws on what this server does not speak. */
export function takeRequest(buffer: Buffer): Request | null {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd < 0) {
    if (buffer.length > MAX_HEAD_BYTES) throw new Error('request head too large')
    return null
  }
  const head = buffer.toString('latin1', 0, headEnd)
  if (/\r\ntransfer-encoding:/i.test(head)) throw new Error('chunked request bodies are not read')
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (length > MAX_BODY_BYTES) throw new Error('request body too large')
  const bodyStart = headEnd + 4
  const size = bodyStart + length
  if (buffer.length < size) return null
  const method = head.slice(0, head.indexOf(' '))
  return { method, body: buffer.subarray(bodyStart, size), size }
}
