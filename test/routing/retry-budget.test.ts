import { afterEach, beforeEach, expect, test } from 'vitest'
import { RETRY_BURST } from '../../src/domain/routes/retry-budget.ts'
import { eventually } from '../harness/proxy.ts'
import { type Several, startSeveral } from './several.ts'

/** Requests that lose their route in one moment: more than may be sent again. */
const REQUESTS = 150

let several: Several
beforeEach(async () => {
  several = await startSeveral({}, { now: () => 0 }) // all of them come within a second
})
afterEach(() => several.close())

test('when too many requests fail at once some of them are not sent again', async () => {
  const { acme, beta } = several
  const model = await several.model('echo')
  acme.hold()
  const answers = Array.from({ length: REQUESTS }, () => several.send(model))
  await eventually(() => acme.waiting() === REQUESTS || undefined, 30)
  await acme.close()
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  const served = statuses.filter((status) => status === 200).length
  expect(served).toBe(RETRY_BURST + REQUESTS / 5)
  expect(beta.calls.size).toBe(served)
  expect(statuses.filter((status) => status === 502)).toHaveLength(REQUESTS - served)
}, 60_000)
