import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

/** What has to happen in so many runs, or they prove little. */
const TROUBLES = [
  ...['badLink', 'crash', 'crashSoon', 'cutOff', 'databaseClock', 'down', 'fullDisk', 'hang'],
  ...['pause', 'sickDisk', 'steadyClock', 'stop', 'wallClock'],
  'a cost beyond the balance',
  'a hold refused to a dead instance',
  'a hold without a request is released',
  'a journal of a dead process taken over',
  'a journal of a live process taken over',
  'a late result',
  'a process that died in a write',
  'a settlement set aside',
  'an instance is dead',
  'settled as client_gone',
  'settled as completed',
  'settled as crashed',
  'settled as out_of_credits',
  'settled as refused',
]

test('a million steps of trouble over 1,000 seeds violate nothing', async () => {
  const report = await simulate(['--seeds', '1000', '--steps', '1000'])
  expect(report.violations).toEqual([])
  expect(report.runs).toBe(1_000)
  expect(report.steps).toBeGreaterThanOrEqual(1_000_000)
  expect(TROUBLES.filter((what) => !report.seen[what])).toEqual([])
}, 300_000)
