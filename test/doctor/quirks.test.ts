import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUIRKS } from '../../src/doctor/quirks.ts'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { EXPECTED, type Expected, PLAIN } from './expected.ts'
import { baseOf, examine, KEY, quirksOf, startHospital } from './patient.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startHospital()
})
afterAll(() => proxy.close())

test.each(Object.entries<Expected>(EXPECTED))(
  'of the server %s the doctor names every planted quirk, and no other',
  async (name, { finds, base = '/v1', profile = {} }) => {
    const base_url = baseOf(proxy, name)
    const diagnosis = await examine(proxy, { base_url, api_key: KEY, model: 'a-model' })
    expect(quirksOf(diagnosis).toSorted()).toEqual(finds.toSorted())
    expect(diagnosis.base_url).toBe(base === null ? null : baseOf(proxy, name, base))
    expect(diagnosis.profile).toEqual({ ...PLAIN, ...profile })
    const verdicts = finds.map((quirk): string => QUIRKS[quirk].verdict)
    const worst = ['fault', 'quirk'].find((verdict) => verdicts.includes(verdict))
    expect(diagnosis.verdict).toBe(worst ?? 'ok')
    expect(JSON.stringify(diagnosis)).not.toContain(KEY)
  },
)

test('every quirk that the doctor knows is planted in a server, or seen in a test of its own', () => {
  const planted = new Set(Object.values<Expected>(EXPECTED).flatMap(({ finds }) => finds))
  const rare = Object.keys(QUIRKS).filter((quirk) => !planted.has(quirk as never))
  expect(rare).toEqual([
    'address-refused',
    'unreachable',
    'other-api-version',
    'key-missing',
    'no-model',
    'not-a-completion',
    'usage-too-small',
    'stream-fails',
    'buffered',
  ])
})
