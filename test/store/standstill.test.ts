import { expect, test } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { Patience } from '../../src/request/patience.ts'
import { deadline } from '../../src/standstill.ts'
import { SimClock, type WorldTime } from '../simulator/sim-clock.ts'

/** A process and its world: time passes for both, or for the world alone. */
function world() {
  const time: WorldTime = { ms: 0, turns: [] }
  const clock: SimClock & Clock = new SimClock(time)
  const turn = async () => {
    for (const one of time.turns.splice(0)) one()
    await Promise.resolve()
  }
  return {
    clock,
    turn,
    /** The process stands still. */
    freeze: (ms: number) => {
      time.ms += ms
    },
    /** The process runs. */
    run: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1) {
        while ((clock.dueInMs ?? 1) <= 0) clock.fire()
        await turn()
        time.ms += 1
      }
    },
  }
}

test('what does not come in time is missed, a turn after the last moment', async () => {
  const { clock, run, turn } = world()
  let missed = 0
  deadline(clock, 100, () => {
    missed += 1
  })
  await run(100)
  expect(missed).toBe(0)
  clock.fire()
  expect(missed).toBe(0)
  await turn()
  expect(missed).toBe(1)
})

test('what came while the process stood still has come in time', async () => {
  const { clock, freeze, run } = world()
  let missed = 0
  const call = () => deadline(clock, 100, () => (missed += 1))
  const cancel = call()
  await run(10)
  freeze(5_000)
  await run(5)
  cancel()
  await run(1_000)
  expect(missed).toBe(0)
})

test('a process that stood still waits no longer than it would have', async () => {
  const { clock, freeze, run } = world()
  let missed = 0
  deadline(clock, 100, () => {
    missed += 1
  })
  freeze(5_000)
  await run(99)
  expect(missed).toBe(0)
  await run(3)
  expect(missed).toBe(1)
})

test('a request has its patience left after its process stood still', async () => {
  const { clock, freeze, run } = world()
  const patience = new Patience(clock)
  await patience.spend(async (leftMs) => {
    expect(leftMs).toBe(550)
    await run(100)
    freeze(5_000)
    await run(100)
  })
  await patience.spend(async (leftMs) => {
    expect(leftMs).toBeGreaterThan(250)
    expect(leftMs).toBeLessThanOrEqual(350)
    await run(1_000)
  })
  await patience.spend(async (leftMs) => expect(leftMs).toBe(0))
})
