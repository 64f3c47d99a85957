import { expect, test } from 'vitest'
import { DEAD_AFTER_MS, HeartbeatWatch } from '../../src/domain/watch.ts'

const still = [{ id: 'a', heartbeat: '1' }]

test('an instance whose heart stands still for 15 s of our own heartbeats is dead', () => {
  const watch = new HeartbeatWatch()
  expect(watch.observe(still, 0)).toEqual([])
  expect(watch.observe(still, DEAD_AFTER_MS - 1)).toEqual([])
  expect(watch.observe(still, DEAD_AFTER_MS)).toEqual(still)
})

test('an instance whose heart beats is never dead', () => {
  const watch = new HeartbeatWatch()
  for (let beat = 0; beat < 100; beat += 1) {
    expect(watch.observe([{ id: 'a', heartbeat: String(beat) }], beat * 2_000)).toEqual([])
  }
})

test('an interruption of our own heartbeats starts the count again', () => {
  const watch = new HeartbeatWatch()
  watch.observe(still, 0)
  watch.interrupted()
  expect(watch.observe(still, DEAD_AFTER_MS)).toEqual([])
  expect(watch.observe(still, 2 * DEAD_AFTER_MS)).toEqual(still)
})

test('an instance that left the list and came back is watched from then on', () => {
  const watch = new HeartbeatWatch()
  watch.observe(still, 0)
  watch.observe([], 1_000)
  expect(watch.observe(still, DEAD_AFTER_MS)).toEqual([])
})
