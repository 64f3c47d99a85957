import { createHmac, createSecretKey, type Hmac, hkdfSync } from 'node:crypto'

/** What was asked: a repeat under the same key has to be equal in all of it. */
export type Question = {
  /** The pattern of the route. */
  endpoint: string
  contentType: string
  /** As it arrived. */
  body: Uint8Array
}

export type IdempotencyHasher = {
  /** The name under which a key of an account is stored. */
  key(accountId: string, key: string): Buffer
  fingerprint(question: Question): Buffer
}

/**
 * Hashes keys and questions, which are the customer's business: neither can be guessed from what
 * is stored. Of several secrets the oldest is used, so that instances agree on every key while a
 * new secret is on its way to them.
 * @param secretKeys the secrets of SECRET_KEY, newest first
 */
export function createIdempotencyHasher(secretKeys: string[]): IdempotencyHasher {
  const oldest = secretKeys.at(-1) as string
  const derived = hkdfSync('sha256', oldest, '', 'tollkeeper idempotency key', 32)
  const pepper = createSecretKey(Buffer.from(derived))
  const hmac = (what: string) => createHmac('sha256', pepper).update(`${what}\0`)
  return {
    key: (accountId, key) => hmac('key').update(`${accountId}\0${key}`).digest(),
    fingerprint({ endpoint, contentType, body }) {
      const hash = hmac('question').update(`${endpoint}\0`)
      return hashBody(hash, body, boundaryOf(contentType)).digest()
    },
  }
}

/** An SDK that sends a form again makes up a new boundary: the form is the same without it. */
function hashBody(hash: Hmac, body: Uint8Array, boundary: string | null): Hmac {
  if (boundary === null) return hash.update(body)
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  let from = 0
  for (let at = bytes.indexOf(boundary); at !== -1; at = bytes.indexOf(boundary, from)) {
    hash.update(bytes.subarray(from, at)).update('\0')
    from = at + boundary.length
  }
  return hash.update(bytes.subarray(from))
}

/** RFC 2046, 5.1.1. */
function boundaryOf(contentType: string): string | null {
  if (!/^multipart\//i.test(contentType)) return null
  const [, quoted, plain] = contentType.match(/;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i) ?? []
  return quoted ?? plain ?? null
}
