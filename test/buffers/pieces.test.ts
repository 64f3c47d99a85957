import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from '../../src/body/pieces.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

test('a body is whole again, however it was cut', () => {
  const aBody = fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 600, size: 'max' })
  fc.assert(
    fc.property(aBody, (parts) => {
      const pieces = new Pieces()
      for (const part of parts) pieces.add(Buffer.from(part))
      const body = Buffer.concat(parts)
      expect(pieces.bytes).toBe(body.length)
      expect(pieces.whole()).toEqual(body)
    }),
  )
})

test('a body that is sent byte by byte takes a few times its bytes of memory', () => {
  const bytes = 1_000_000
  const pieces = new Pieces()
  const read = Buffer.alloc(bytes, 'x') // what a socket reads has many chunks in it
  const before = heapUsed()
  for (let at = 0; at < bytes; at += 1) pieces.add(read.subarray(at, at + 1))
  expect(heapUsed() - before).toBeLessThan(8 * bytes)
  expect(pieces.whole()).toEqual(read)
})

function heapUsed(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
