import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** Something that befalls the world. @returns what it was, for the trace */
type Fault = (world: World) => string

const HOUR_MS = 3_600_000

const FAULTS: Record<string, Fault> = {
  crash: (world) => onOne(world, 'crashes', (process) => process.die()),

  /** In the middle of whatever it does next. */
  crashSoon: (world) =>
    onOne(world, 'is about to crash', (process) => {
      process.diesIn = world.random.below(15)
    }),

  stop: (world) => onOne(world, 'is told to stop', (process) => process.stop()),

  pause: (world) =>
    onOne(world, 'stands still', (process) => {
      process.isPaused = true
      later(world, 70_000, () => {
        process.isPaused = false
      })
    }),

  cutOff: (world) =>
    onOne(world, 'is cut off', (process) => {
      process.isCutOff = true
      later(world, 40_000, () => {
        process.isCutOff = false
      })
    }),

  hang: (world) => {
    world.postgres.state = 'hung'
    later(world, 60_000, () => world.postgres.comeUp())
    return 'Postgres hangs'
  },

  down: (world) => {
    world.postgres.goDown()
    later(world, 40_000, () => world.postgres.comeUp())
    return 'Postgres goes down'
  },

  badLink: (world) => {
    world.postgres.faults = { dropped: 10, lost: 10, duplicated: 15 }
    later(world, 20_000, () => {
      world.postgres.faults = { dropped: 0, lost: 0, duplicated: 0 }
    })
    return 'messages get lost'
  },

  fullDisk: (world) => {
    const { disk } = world.random.pick(world.slots)
    disk.room = world.random.below(3_000)
    later(world, 20_000, () => {
      disk.room = Number.POSITIVE_INFINITY
    })
    return 'a disk is full'
  },

  sickDisk: (world) => {
    const { disk } = world.random.pick(world.slots)
    disk.sickness = world.random.between(5, 60)
    later(world, 20_000, () => {
      disk.sickness = 0
    })
    return 'a disk is sick'
  },

  databaseClock: (world) => {
    world.databaseAheadMs += world.random.between(-HOUR_MS, HOUR_MS)
    return 'the clock of Postgres jumps'
  },

  wallClock: (world) =>
    onOne(world, 'has its clock set', ({ clock }) => {
      clock.wallAheadMs += world.random.between(-HOUR_MS, HOUR_MS)
    }),

  steadyClock: (world) =>
    onOne(world, 'has its steady clock jump', ({ clock }) => {
      clock.aheadMs += world.random.between(1, 60_000)
    }),
}

/** Which faults befall one run, and how often each: every run has its own mixture. */
export function chooseFaults(random: Random): [weight: number, name: string][] {
  return Object.keys(FAULTS).map((name) => [random.chance(40) ? random.between(1, 5) : 0, name])
}

export function inflict(world: World, name: string): string {
  world.saw(name)
  return (FAULTS[name] as Fault)(world)
}

function onOne(world: World, what: string, effect: (process: SimProcess) => void): string {
  const { process } = world.random.pick(world.slots)
  if (process.isAlive) effect(process)
  return `${process.pid} ${what}`
}

/** Most troubles are short. */
function later(world: World, mostMs: number, end: () => void): void {
  const { random, clock } = world
  clock.after(random.between(50, random.chance(50) ? 1_500 : mostMs), end)
}
