import { createHash } from 'node:crypto'

/** What is transcribed: no sound, but enough for what passes it on. */
export const RECORDING = Buffer.from('RIFF....WAVEfmt a recording')

/** Bytes that nobody wants to read, but to compare. */
export function digest(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}
