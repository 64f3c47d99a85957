import { expect, test, vi } from 'vitest'
import { startProxy } from '../harness/proxy.ts'

const SAID = 'the clock of this machine is not that of Postgres'

/** What is logged of the clock where it is so many milliseconds ahead. */
async function warningsAt(aheadMs: number) {
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + aheadMs)
  const proxy = await startProxy()
  vi.restoreAllMocks()
  await proxy.close()
  return proxy.logs.filter(({ msg }) => msg === SAID)
}

test.each([60_000, -60_000])('a clock that is %i ms ahead of Postgres is told', async (aheadMs) => {
  const [warning, ...others] = await warningsAt(aheadMs)
  expect(warning?.level).toBe(40)
  expect(Math.abs((warning?.ahead_ms as number) - aheadMs)).toBeLessThan(5_000)
  expect(others).toEqual([])
})

test('a clock that is right is not told of', async () => {
  expect(await warningsAt(0)).toEqual([])
})
