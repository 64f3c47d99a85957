import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BufferBudget } from '../../src/body/buffer-budget.ts'
import { ANSWER_BYTES_MAX, Capture } from '../../src/idempotency/capture.ts'

test('any pieces are one answer, also when their memory is used again', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 30 })
  fc.assert(
    fc.property(pieces, (all) => {
      const room = new BufferBudget(ANSWER_BYTES_MAX)
      const capture = new Capture(room.share())
      const expected = Buffer.concat(all)
      for (const piece of all) {
        const shared = Buffer.from(piece)
        capture.add(shared)
        shared.fill(0xff)
      }
      expect(capture.bytes?.equals(expected)).toBe(true)
      expect(room.taken).toBeGreaterThanOrEqual(expected.length)
      capture.drop()
      capture.drop()
      expect([room.taken, capture.bytes]).toEqual([0, null])
    }),
  )
})

test('an answer of the largest size is kept, and one byte more is given up with its room', () => {
  const room = new BufferBudget(2 * ANSWER_BYTES_MAX)
  const capture = new Capture(room.share())
  capture.add(Buffer.alloc(ANSWER_BYTES_MAX - 1))
  capture.add(Buffer.alloc(1))
  expect(capture.bytes?.length).toBe(ANSWER_BYTES_MAX)
  capture.add(Buffer.alloc(1))
  expect([capture.bytes, room.taken]).toEqual([null, 0])
  capture.add(Buffer.alloc(1))
  expect([capture.bytes, room.taken]).toEqual([null, 0])
})

test('where no room is left a copy is given up, and the others stay', () => {
  const room = new BufferBudget(10_000)
  const [first, second] = [new Capture(room.share()), new Capture(room.share())]
  first.add(Buffer.alloc(4_096, 'a'))
  second.add(Buffer.alloc(4_097, 'b'))
  expect([first.bytes?.length, second.bytes]).toEqual([4_096, null])
  first.drop()
  const third = new Capture(room.share())
  third.add(Buffer.alloc(8_000, 'c'))
  expect(third.bytes?.length).toBe(8_000)
})
