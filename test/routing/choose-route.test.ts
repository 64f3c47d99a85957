import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseRoute } from '../../src/domain/route.ts'

const priority = fc.integer({ min: 0, max: 5 })
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const route = fc.record({ priority, weight: fc.integer({ min: 1, max: 1_000_000 }) })
const routes = fc.array(route, { minLength: 1, maxLength: 32 })

test('without routes none is chosen', () => {
  fc.assert(
    fc.property(unit, (random) => {
      expect(chooseRoute([], random)).toBeNull()
    }),
  )
})

test('a chosen route is one of those with the lowest priority number', () => {
  fc.assert(
    fc.property(routes, unit, (all, random) => {
      const chosen = chooseRoute(all, random)
      expect(all).toContain(chosen)
      expect(chosen?.priority).toBe(Math.min(...all.map((one) => one.priority)))
    }),
  )
})

test('each route is chosen as often as its weight says, exactly', () => {
  const light = fc.record({ priority, weight: fc.integer({ min: 1, max: 20 }) })
  fc.assert(
    fc.property(fc.array(light, { minLength: 1, maxLength: 8 }), (all) => {
      const lowest = Math.min(...all.map((one) => one.priority))
      const first = all.filter((one) => one.priority === lowest)
      const total = first.reduce((sum, one) => sum + one.weight, 0)
      const chosen = new Map<unknown, number>()
      for (let at = 0; at < total; at += 1) {
        const one = chooseRoute(all, (at + 0.5) / total)
        chosen.set(one, (chosen.get(one) ?? 0) + 1)
      }
      for (const one of first) expect(chosen.get(one)).toBe(one.weight)
    }),
  )
})

test('the ends of the range choose the first and the last route', () => {
  fc.assert(
    fc.property(routes, (all) => {
      const same = all.map((one) => ({ ...one, priority: 3 }))
      expect(chooseRoute(same, 0)).toBe(same[0])
      expect(chooseRoute(same, 1 - Number.EPSILON / 2)).toBe(same.at(-1))
    }),
  )
})

test('the order in which routes are listed does not change their shares', () => {
  const one = { priority: 0, weight: 3, name: 'one' }
  const two = { priority: 0, weight: 1, name: 'two' }
  const share = (all: (typeof one)[]) =>
    Array.from({ length: 400 }, (_, at) => chooseRoute(all, (at + 0.5) / 400)?.name).filter(
      (name) => name === 'one',
    ).length
  expect(share([one, two])).toBe(300)
  expect(share([two, one])).toBe(300)
})
