import type { Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'

const DECODERS = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
])

/** How a body begins that is coded so; br begins with anything. */
const MARKS = new Map<string, readonly number[]>([
  ['gzip', [0x1f, 0x8b]],
  ['x-gzip', [0x1f, 0x8b]],
  ['deflate', [0x78]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
])

/** The content codings that are read, in words. */
export const CODINGS = 'gzip, deflate, br or zstd'

/**
 * What decodes a body (RFC 9110, 8.4.1).
 * @param coding a Content-Encoding; codings on top of each other are not read
 * @returns null where it is not encoded, undefined for a coding that is not read
 */
export function decoderOf(coding: string | undefined): Transform | null | undefined {
  const name = (coding ?? '').trim().toLowerCase()
  return name === '' || name === 'identity' ? null : DECODERS.get(name)?.()
}

/**
 * Whether a body begins as its coding does: the header alone may be left over from something that
 * has decoded the body already.
 */
export function beginsCoded(coding: string | undefined, first: Uint8Array): boolean {
  const mark = MARKS.get((coding ?? '').trim().toLowerCase()) ?? []
  return mark.slice(0, first.length).every((byte, at) => first[at] === byte)
}
