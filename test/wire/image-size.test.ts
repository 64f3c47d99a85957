import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateImage, imageBound } from '../../src/domain/usage/image-tokens.ts'
import { imageSize } from '../../src/wire/requests/image-size.ts'
import { estimatePrompt, measurePrompt } from '../../src/wire/requests/prompt.ts'

type Make = (width: number, height: number) => Buffer

const be = (bytes: number, value: number) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
const le = (bytes: number, value: number) => be(bytes, value).reverse()
const text = (latin1: string) => Buffer.from(latin1, 'latin1')
const zeros = (bytes: number) => Buffer.alloc(bytes)

const png: Make = (width, height) =>
  Buffer.concat([text('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), be(4, width), be(4, height), zeros(20)])
const gif: Make = (width, height) =>
  Buffer.concat([text('GIF89a'), le(2, width), le(2, height), zeros(40)])
const riff = (kind: string, rest: Buffer[]) =>
  Buffer.concat([text('RIFF'), zeros(4), text(`WEBP${kind}`), zeros(4), ...rest, zeros(20)])
const lossy: Make = (width, height) =>
  riff('VP8 ', [zeros(3), text('\x9d\x01\x2a'), le(2, width), le(2, height)])
const lossless: Make = (width, height) =>
  riff('VP8L', [text('\x2f'), le(4, ((height - 1) * 2 ** 14 + (width - 1)) >>> 0)])
const extended: Make = (width, height) =>
  riff('VP8X', [zeros(4), le(3, width - 1), le(3, height - 1)])

/** With what a camera tells before the frame, and a table. */
const jpeg: Make = (width, height) =>
  Buffer.concat([
    text('\xff\xd8\xff\xe1'),
    be(2, 20_002),
    zeros(20_000),
    text('\xff\xff\xc4'),
    be(2, 4),
    zeros(2),
    text('\xff\xc2'),
    be(2, 17),
    text('\x08'),
    be(2, height),
    be(2, width),
    zeros(20),
  ])

const KINDS: [name: string, make: Make, max: number][] = [
  ['PNG', png, 2 ** 31],
  ['GIF', gif, 2 ** 16 - 1],
  ['JPEG', jpeg, 2 ** 16 - 1],
  ['lossy WebP', lossy, 2 ** 14 - 1],
  ['lossless WebP', lossless, 2 ** 14],
  ['extended WebP', extended, 2 ** 24],
]

const urlOf = (bytes: Buffer) => `data:image/x;base64,${bytes.toString('base64')}`

test.each(KINDS)('the size of a %s is read from its head', (_, make, max) => {
  const side = fc.integer({ min: 1, max })
  const property = fc.property(side, side, (width, height) => {
    const image = make(width, height)
    expect(imageSize(urlOf(image))).toEqual({ width, height })
    expect(imageSize(image.toString('base64'))).toEqual({ width, height })
  })
  fc.assert(property, { numRuns: 50 })
})

test('what is no image, or a broken one, has no size', () => {
  for (const [, make] of KINDS) {
    const whole = make(100, 100)
    for (const length of [0, 1, 12, 20, 29]) {
      expect(imageSize(urlOf(whole.subarray(0, length)))).toBeNull()
    }
  }
  expect(imageSize(urlOf(png(0, 5)))).toBeNull()
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(5), (bytes, kind) => {
    const image = KINDS[kind]?.[1](3, 4).subarray(0, 24) ?? zeros(0)
    imageSize(urlOf(Buffer.concat([image, bytes])))
    imageSize(Buffer.from(bytes).toString('latin1'))
  })
  fc.assert(property)
})

describe('an image is worth', () => {
  test.each([
    [{ width: 512, height: 512 }, 'auto', 255],
    [{ width: 1_024, height: 1_024 }, undefined, 765],
    [{ width: 2_048, height: 4_096 }, 'high', 1_105],
    [{ width: 1, height: 60_000 }, 'high', 765],
    [{ width: 4_096, height: 8_192 }, 'low', 85],
    [null, 'high', 1_445],
    [null, 'low', 85],
  ])('of %o in detail %s: %i tokens', (size, detail, tokens) => {
    expect(estimateImage(size, detail)).toBe(tokens)
  })
})

test('an image never costs more than its bound, nor more than any', () => {
  const side = fc.integer({ min: 1, max: 2 ** 31 })
  const property = fc.property(side, side, (width, height) => {
    const bound = imageBound({ width, height })
    expect(bound).toBeGreaterThanOrEqual(estimateImage({ width, height }, 'high'))
    expect(bound).toBeLessThanOrEqual(imageBound(null))
  })
  fc.assert(property)
})

test('a prompt is held and estimated with the size of its images', () => {
  const url = urlOf(png(512, 512))
  const of = (image: object) => measurePrompt(1_000, [{ role: 'user', content: [image] }])
  const chat = of({ type: 'image_url', image_url: { url, detail: 'low' } })
  expect(estimatePrompt(chat)).toBe(85)
  expect(chat.mediaTokens).toBe(903)
  const remote = of({ type: 'image_url', image_url: { url: 'https://host/cat.png' } })
  expect(estimatePrompt(remote)).toBe(1_445)
  expect(remote.mediaTokens).toBe(imageBound(null))
  expect(estimatePrompt(of({ type: 'input_image', image_url: url }))).toBe(255)
  const data = png(512, 512).toString('base64')
  const anthropic = of({ type: 'image', source: { type: 'base64', data } })
  expect(anthropic.binaryBytes).toBe(data.length)
  expect(estimatePrompt(anthropic)).toBe(255)
})
