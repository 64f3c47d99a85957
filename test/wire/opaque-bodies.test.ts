import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint } from '../../src/endpoints/endpoint.ts'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { bodyOf, PATHS, PUBLIC } from './arbitrary-body.ts'

/** Bodies over all endpoints. */
const BODIES = 10_000

test('every endpoint that takes JSON is among those of the bodies', () => {
  const paths = ENDPOINTS.filter(({ takes }) => takes === 'application/json').map(
    ({ path }) => path,
  )
  expect([...PATHS].sort()).toEqual(paths.sort())
})

test.each(PATHS)('any body to %s is sent on as it is, but for the name of the model', (path) => {
  const { read, upstreamBody } = ENDPOINTS.find((one) => one.path === path) as Endpoint
  for (const upstreamModel of [PUBLIC, 'org/"m":é']) {
    fc.assert(
      fc.property(bodyOf(path, upstreamModel), ({ body, upstream }) => {
        const request = read(Buffer.from(body), 'application/json')
        const sent = upstreamBody(request, { upstreamModel, outputLimit: null })
        expect(String(sent)).toBe(upstream)
      }),
      { numRuns: Math.ceil(BODIES / PATHS.length / 2) },
    )
  }
})
