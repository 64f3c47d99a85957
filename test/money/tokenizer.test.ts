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
