import type { Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'

const DECODERS = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
])

/** How a body begins that is coded so; br and deflate without its wrapper begin with anything. */
const MARKS = new Map<string, readonly number[]>([
  ['gzip', [0x1f, 0x8b]],
  ['x-gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
])

/** The first byte of deflate in the wrapper of zlib, which some leave out. */
const ZLIB = 0x78

/** Bytes at the beginning by which text is told from deflate without its wrapper. */
const LOOK_BYTES = 8

/** The content codings that are read, in words. */
export const CODINGS = 'gzip, deflate, br or zstd'

/**
 * What a Content-Encoding (RFC 9110, 8.4.1) says of a body; null for a coding that is not read, as
 * codings on top of each other are not.
 */
export function codingOf(header = ''): string | null {
  const coding = header.trim().toLowerCase() || 'identity'
  return coding === 'identity' || DECODERS.has(coding) ? coding : null
}

/** What decodes a body; null where it is not encoded. @param coding one that is read */
export function decoderOf(coding: string): Transform | null {
  return DECODERS.get(coding)?.() ?? null
}

/**
 * The same for a body that begins so, as lenient as clients are: deflate may come without its
 * wrapper, and the header alone may be left over from something that has decoded the body already.
 */
export function decoderByBeginning(coding: string, first: Uint8Array): Transform | null {
  if (coding === 'deflate' && first[0] !== ZLIB) return isText(first) ? null : createInflateRaw()
  const mark = MARKS.get(coding) ?? []
  const isCoded = mark.slice(0, first.length).every((byte, at) => first[at] === byte)
  return isCoded ? decoderOf(coding) : null
}

/** Printable ASCII, white space, or a byte order mark, as JSON and events begin. */
function isText(first: Uint8Array): boolean {
  const begin = first.subarray(0, LOOK_BYTES)
  const isMarked = begin[0] === 0xef && (begin[1] ?? 0xbb) === 0xbb && (begin[2] ?? 0xbf) === 0xbf
  const text = isMarked ? begin.subarray(3) : begin
  return text.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d))
}
