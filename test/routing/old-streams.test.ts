import { expect, test } from 'vitest'
import { FAULTS_TO_OPEN } from '../../src/domain/routes/circuit.ts'
import { ProxyError } from '../../src/errors.ts'
import { RouteStates } from '../../src/upstream/routes/route-states.ts'
import { upstreamTarget } from '../../src/upstream/target.ts'

test('streams that end on a route that takes no more requests keep it from no circuit', () => {
  let now = 0
  const heard: string[] = []
  const states = new RouteStates({
    clock: { now: () => now },
    chance: () => 0,
    watch: { opened: () => heard.push('opened'), closed: () => heard.push('closed') },
  })
  const target = upstreamTarget('p', new URL('https://h.example/v1'), null, 'database')
  const route = states.of(target, 'm')
  const running = Array.from({ length: FAULTS_TO_OPEN + 1 }, () => route.seat(true))
  for (const seat of running) seat.succeeded() // its first event
  for (let at = 0; at < FAULTS_TO_OPEN; at += 1) {
    now += 1
    const hung = route.seat(true)
    hung.failed(new ProxyError('upstream_timeout'))
    hung.leave()
    running[at]?.succeeded() // its last one
    running[at]?.leave()
  }
  expect(heard).toEqual(['opened'])
  now += 1
  running.at(-1)?.succeeded()
  expect(heard).toEqual(['opened'])
  expect(route.standing(true)).toBe('broken')
})
