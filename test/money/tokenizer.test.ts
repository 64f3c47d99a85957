import { afterAll, expect, test } from 'vitest'
import { Tokenizer } from '../../src/tokens/tokenizer.ts'

const tokenizer = new Tokenizer()
afterAll(() => tokenizer.close())

/** A run without a separator, on which a tokenizer needs longer than its deadline. */
const ENDLESS = 'a'.repeat(400_000)

test('a text that takes too long to tokenise is given up, and stops nobody', async () => {
  let turns = 0
  const count = () => {
    turns += 1
    timer = setTimeout(count, 1)
  }
  let timer = setTimeout(count, 1)
  expect(await tokenizer.count(ENDLESS)).toBe(null)
  clearTimeout(timer)
  expect(turns).toBeGreaterThan(20)
  expect(await tokenizer.count('Hello, upstream')).toBe(3)
})

test('texts that wait behind one that takes too long are counted all the same', async () => {
  await tokenizer.count('the worker has started')
  const endless = tokenizer.count(ENDLESS)
  const others = [tokenizer.count('Hello, upstream'), tokenizer.count('Hello')]
  expect(await Promise.all([endless, ...others])).toEqual([null, 3, 1])
})

test('a short text does not wait for a crowd of long ones', { timeout: 30_000 }, async () => {
  await tokenizer.count('the worker has started')
  const done: string[] = []
  const crowd = [1, 2, 3].map(() => tokenizer.count(ENDLESS).then(() => done.push('long')))
  const short = tokenizer.count('Hello, upstream').then((tokens) => done.push(`short: ${tokens}`))
  await Promise.all([...crowd, short])
  expect(done).toEqual(['long', 'short: 3', 'long', 'long'])
})

test('a tokenizer that is closed leaves nobody waiting', async () => {
  const closed = new Tokenizer()
  const counts = [closed.count('one'), closed.count('two')]
  closed.close()
  expect(await Promise.all(counts)).toEqual([null, null])
})
