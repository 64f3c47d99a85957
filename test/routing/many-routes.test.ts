import { expect, test } from 'vitest'
import { FAULTS_TO_OPEN } from '../../src/domain/routes/circuit.ts'
import { ProxyError } from '../../src/errors.ts'
import { RouteStates } from '../../src/upstream/routes/route-states.ts'
import { upstreamTarget } from '../../src/upstream/target.ts'

/** More models than most have, each on a route of its own. */
const MODELS = 3_000

test('a route that fails is left, however many others are in use', () => {
  const opened: string[] = []
  const watch = { opened: (route: { upstreamModel: string }) => opened.push(route.upstreamModel) }
  const states = new RouteStates({
    clock: { now: () => 0 },
    chance: () => 0,
    watch: { ...watch, closed: () => {} },
  })
  const target = upstreamTarget('p', new URL('https://h.example/v1'), null, 'database')
  for (let round = 0; round < FAULTS_TO_OPEN; round += 1) {
    for (let at = 0; at < MODELS; at += 1) {
      const seat = states.of(target, `m${at}`).seat(true)
      if (at === 7) seat.failed(new ProxyError('upstream_error'))
      else seat.succeeded()
      seat.leave()
    }
  }
  expect(opened).toEqual(['m7'])
})
