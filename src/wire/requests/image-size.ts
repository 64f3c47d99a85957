import type { ImageSize } from '../../domain/usage/image-tokens.ts'

/** Characters of an image that hold the head of a PNG, a GIF or a WebP. */
const HEAD_CHARS = 64

/** Characters of a JPEG that are looked into: its size comes after what its camera tells. */
const JPEG_CHARS = 131_072

/**
 * The size of an image, from its head alone (W-101). It is never decoded or fetched.
 * @param base64 the image, or a `data:` URL of it
 * @returns null where it is none of PNG, JPEG, GIF and WebP, or its head does not tell
 */
export function imageSize(base64: string): ImageSize | null {
  const start = base64.startsWith('data:') ? base64.indexOf(',') + 1 : 0
  const decoded = (chars: number) => Buffer.from(base64.slice(start, start + chars), 'base64')
  const head = decoded(HEAD_CHARS)
  const size = head.length < 30 ? null : (sizeInHead(head) ?? jpegSize(head, decoded))
  return size !== null && size.width > 0 && size.height > 0 ? size : null
}

function sizeInHead(head: Buffer): ImageSize | null {
  const name = head.toString('latin1', 0, 16)
  if (name.startsWith('\x89PNG\r\n\x1a\n') && name.endsWith('IHDR')) {
    return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) }
  }
  if (name.startsWith('GIF87a') || name.startsWith('GIF89a')) {
    return { width: head.readUInt16LE(6), height: head.readUInt16LE(8) }
  }
  return name.startsWith('RIFF') && name.includes('WEBP', 8) ? webpSize(head) : null
}

function webpSize(head: Buffer): ImageSize | null {
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff }
    case 'VP8L': {
      const bits = head.readUInt32LE(21)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8X':
      return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 }
    default:
      return null
  }
}

function jpegSize(head: Buffer, decoded: (chars: number) => Buffer): ImageSize | null {
  if (head.readUInt16BE(0) !== 0xffd8) return null
  const bytes = decoded(JPEG_CHARS)
  let at = 2
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] as number
    if (marker === 0xff)
      at += 1 // any number of them fills the space before a marker
    else if (isFrame(marker)) {
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
    } else at += 2 + bytes.readUInt16BE(at + 2)
  }
  return null
}

/** SOF0 to SOF15, but for those numbers that are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
}
