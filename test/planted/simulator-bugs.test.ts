import { afterEach, expect, test } from 'vitest'
import { simulate } from '../simulator/simulate.ts'
import { plantCode } from './plant-code.ts'

/** Seeds in which a bug has to show. */
const SEEDS = ['--seeds', '100', '--steps', '1000']

let remove = async () => {}
afterEach(async () => {
  await remove()
  remove = async () => {}
})

async function simulated(bug: string | null): Promise<string[]> {
  const planted = await plantCode(bug)
  remove = planted.remove
  return (await simulate(SEEDS, planted.root)).violations
}

test('the code without a bug survives the seeds', async () => {
  expect(await simulated(null)).toEqual([])
}, 60_000)

test('a journal that nobody inherits is found', async () => {
  expect(await simulated('journal-not-inherited')).not.toEqual([])
}, 60_000)

test('a sweeper that does not watch the hearts of others is found', async () => {
  expect((await simulated('sweep-without-lease'))[0]).toMatch(/was declared dead after \d+ ms/)
}, 60_000)

test('a door that lets a request out twice is found', async () => {
  expect((await simulated('door-without-gate'))[0]).toMatch(/left the door of \d+ twice/)
}, 60_000)
