import type { IncomingMessage } from 'node:http'
import { ProxyError } from '../errors.ts'

const HEADER = 'idempotency-key'

/** Characters of a key at most. */
const KEY_LENGTH_MAX = 255

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/**
 * The Idempotency-Key of a request; null where it has none.
 * @throws ProxyError invalid_value, which names the header
 */
export function readIdempotencyKey(request: IncomingMessage): string | null {
  if (request.headers[HEADER] === undefined) return null
  const [key = '', ...others] = request.headersDistinct[HEADER] ?? []
  if (others.length === 0 && key.length <= KEY_LENGTH_MAX && PRINTABLE_ASCII.test(key)) return key
  throw new ProxyError('invalid_value', {
    message: `The header "Idempotency-Key" must be 1 to ${KEY_LENGTH_MAX} printable ASCII characters, once.`,
    param: 'Idempotency-Key',
  })
}
