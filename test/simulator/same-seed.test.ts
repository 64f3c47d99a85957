import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

test('a seed tells the same story in every process, and no other does', async () => {
  const alone = await simulate(['--seed', '8', '--steps', '5000'])
  const again = await simulate(['--seed', '8', '--steps', '5000'])
  const other = await simulate(['--seed', '9', '--steps', '5000'])
  const afterOthers = await simulate(['--seeds', '8', '--steps', '5000'])
  expect(again).toEqual({ ...alone, cpuSeconds: expect.any(Number) })
  expect(afterOthers.hash).toBe(alone.hash)
  expect(other.hash).not.toBe(alone.hash)
}, 60_000)
