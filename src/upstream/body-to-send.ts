/** Bytes of a body from which on undici is kept from holding it while the answer runs. */
const HELD_BYTES_MAX = 8_192

type Sent = { headers: Record<string, string>; body: string | Uint8Array }

/**
 * A body as undici is given it. It holds a body until the answer is over, which may take hours; a
 * large one is therefore handed over as an iterable that is empty once it was sent.
 */
export function bodyToSend(headers: Record<string, string>, body: string | Uint8Array): Sent {
  if (body.length <= HELD_BYTES_MAX) return { headers, body }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const length = String(bytes.byteLength)
  const iterable = handOver([bytes]) as unknown as Uint8Array // undici takes it, its types do not
  return { headers: { ...headers, 'content-length': length }, body: iterable }
}

function* handOver(pieces: Uint8Array[]): Generator<Uint8Array> {
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) yield piece
}
