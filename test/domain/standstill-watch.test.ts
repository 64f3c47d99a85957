import { expect, test } from 'vitest'
import { StandstillWatch } from '../../src/domain/watch.ts'

const AFTER_MS = 15_000
const still = [{ id: 'a', mark: '1' }]

test('what stands still for so long under our eyes is told', () => {
  const watch = new StandstillWatch(AFTER_MS)
  expect(watch.observe(still, 0, 0)).toEqual([])
  expect(watch.observe(still, AFTER_MS - 1, AFTER_MS - 1)).toEqual([])
  expect(watch.observe(still, AFTER_MS, AFTER_MS)).toEqual(still)
})

test('an answer proves nothing beyond its question', () => {
  const watch = new StandstillWatch(AFTER_MS)
  expect(watch.observe(still, 0, 3_000)).toEqual([])
  expect(watch.observe(still, AFTER_MS, AFTER_MS + 3_000)).toEqual([])
  expect(watch.observe(still, AFTER_MS + 3_000, AFTER_MS + 3_000)).toEqual(still)
})

test('what moves is never told', () => {
  const watch = new StandstillWatch(AFTER_MS)
  for (let beat = 0; beat < 100; beat += 1) {
    const moving = [{ id: 'a', mark: String(beat) }]
    expect(watch.observe(moving, beat * 14_999, beat * 14_999)).toEqual([])
  }
})

test('an interruption starts the count again', () => {
  const watch = new StandstillWatch(AFTER_MS)
  watch.observe(still, 0, 0)
  watch.interrupted()
  expect(watch.observe(still, AFTER_MS, AFTER_MS)).toEqual([])
  expect(watch.observe(still, 2 * AFTER_MS, 2 * AFTER_MS)).toEqual(still)
})

test('what went away and came back is watched from then on', () => {
  const watch = new StandstillWatch(AFTER_MS)
  watch.observe(still, 0, 0)
  watch.observe([], 1_000, 1_000)
  expect(watch.observe(still, AFTER_MS, AFTER_MS)).toEqual([])
})
