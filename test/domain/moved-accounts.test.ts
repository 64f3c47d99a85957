import { expect, test } from 'vitest'
import { MovedAccounts } from '../../src/domain/moved-accounts.ts'

test('an account is taken once it is due, and only once', () => {
  const moved = new MovedAccounts()
  moved.add('a', 100)
  expect(moved.take(99, 10)).toEqual([])
  expect(moved.take(100, 10)).toEqual(['a'])
  expect(moved.take(1_000, 10)).toEqual([])
})

test('an account that keeps moving is due by its first movement', () => {
  const moved = new MovedAccounts()
  moved.add('a', 100)
  moved.add('a', 200)
  expect(moved.take(100, 10)).toEqual(['a'])
  moved.add('a', 300)
  expect(moved.take(200, 10)).toEqual([])
})

test('those beyond a batch are taken next, also behind one that is not due', () => {
  const moved = new MovedAccounts()
  for (const [id, dueMs] of Object.entries({ a: 1, b: 9, c: 2, d: 1 })) moved.add(id, dueMs)
  expect(moved.take(2, 2)).toEqual(['a', 'c'])
  expect(moved.take(2, 2)).toEqual(['d'])
  expect(moved.take(9, 2)).toEqual(['b'])
})

test('no more than 10,000 accounts are remembered', () => {
  const moved = new MovedAccounts()
  for (let id = 0; id < 10_100; id += 1) moved.add(String(id), 1)
  expect(moved.take(1, 20_000)).toHaveLength(10_000)
})
