import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawByWeight, orderRoutes, type RouteChoice } from '../../src/domain/routes/route.ts'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const standing = fc.constantFrom('good' as const, 'probe' as const, 'broken' as const)
const route = fc.record({
  priority: fc.integer({ min: 0, max: 3 }),
  weight: fc.integer({ min: 1, max: 1_000_000 }),
  inFlight: fc.integer({ min: 0, max: 1_000 }),
  standing,
})
const routes = fc
  .array(route, { minLength: 1, maxLength: 12 })
  .map((all): RouteChoice[] => all.map((one, at) => ({ ...one, name: `route-${at}` })))
const key = fc.option(fc.string())

const chance = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** Routes of one priority, with these weights. */
const equals = (weights: Record<string, number>, more: Partial<RouteChoice> = {}): RouteChoice[] =>
  Object.entries(weights).map(([name, weight]) => ({
    name,
    weight,
    priority: 0,
    inFlight: 0,
    standing: 'good',
    ...more,
  }))

const firstOf = (all: RouteChoice[], stickyKey: string | null, random = chance(1)) =>
  orderRoutes(all, stickyKey, random)[0]?.name

test('without routes none is drawn', () => {
  fc.assert(
    fc.property(unit, (random) => {
      expect(drawByWeight([], random)).toBeNull()
    }),
  )
})

test('each route is drawn as often as its weight says, exactly', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(weights, (all) => {
      const drawable = all.map((weight) => ({ weight, priority: 0 }))
      const total = all.reduce((sum, weight) => sum + weight, 0)
      const drawn = Array.from({ length: total }, (_, at) =>
        drawByWeight(drawable, (at + 0.5) / total),
      )
      for (const one of drawable) {
        expect(drawn.filter((other) => other === one)).toHaveLength(one.weight)
      }
    }),
  )
})

test('an order has every route once, the usable ones first, and then goes by priority', () => {
  fc.assert(
    fc.property(routes, key, fc.integer(), (all, stickyKey, seed) => {
      const order = orderRoutes(all, stickyKey, chance(seed))
      expect(order.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort())
      const rank = ({ standing, priority }: RouteChoice) =>
        (standing === 'broken' ? 1_000 : 0) + priority
      const ranks = order.map(rank)
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
    }),
  )
})

test('a request with a key has the same order whatever chance and load are', () => {
  fc.assert(
    fc.property(routes, fc.string(), fc.integer(), (all, stickyKey, seed) => {
      const order = orderRoutes(all, stickyKey, chance(seed))
      const busy = all.toReversed().map((one) => ({ ...one, inFlight: one.inFlight + seed }))
      const names = (some: RouteChoice[]) => some.map(({ name }) => name)
      expect(names(orderRoutes(busy, stickyKey, chance(seed + 1)))).toEqual(names(order))
    }),
  )
})

test('a route that breaks moves only its own keys', () => {
  const all = equals({ a: 1, b: 2, c: 3 })
  const broken = all.map((one) =>
    one.name === 'b' ? { ...one, standing: 'broken' as const } : one,
  )
  for (let at = 0; at < 500; at += 1) {
    const before = firstOf(all, `key-${at}`)
    const after = firstOf(broken, `key-${at}`)
    if (before === 'b') expect(after).not.toBe('b')
    else expect(after).toBe(before)
  }
})

test('keys are shared by weight', () => {
  const all = equals({ a: 1, b: 3 })
  const keys = Array.from({ length: 4_000 }, (_, at) => `account-${at}`)
  const ofA = keys.filter((one) => firstOf(all, one) === 'a').length
  expect(ofA).toBeGreaterThan(850) // 1,000 are right; this far off is one in 10^7
  expect(ofA).toBeLessThan(1_150)
})

test('an idle proxy shares requests by weight', () => {
  const all = equals({ a: 1, b: 3 })
  const random = chance(7)
  const taken = Array.from({ length: 4_000 }, () => firstOf(all, null, random))
  const ofA = taken.filter((name) => name === 'a').length
  expect(ofA).toBeGreaterThan(850)
  expect(ofA).toBeLessThan(1_150)
})

test('of equals the one with less to do for its weight is taken', () => {
  const [a, b] = equals({ a: 2, b: 1 }) as [RouteChoice, RouteChoice]
  for (let seed = 0; seed < 50; seed += 1) {
    expect(firstOf([{ ...a, inFlight: 4 }, b], null, chance(seed))).toBe('b')
    expect(firstOf([a, { ...b, inFlight: 4 }], null, chance(seed))).toBe('a')
  }
})

test('a small weight is not flooded because the large ones are busy', () => {
  const all = equals({ large: 1_000_000, small: 1 })
  const busy = all.map((one) => ({ ...one, inFlight: one.name === 'large' ? 1_000 : 0 }))
  const taken = Array.from({ length: 200 }, (_, at) => firstOf(busy, null, chance(at)))
  expect(taken.filter((name) => name === 'small').length).toBeLessThan(3)
})

test('a route that waits for a probe gets the next request among equals', () => {
  const all = equals({ a: 1_000_000, b: 1 })
  const due = all.map((one) => (one.name === 'b' ? { ...one, standing: 'probe' as const } : one))
  expect(firstOf(due, null)).toBe('b')
})
