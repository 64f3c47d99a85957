import { expect, test } from 'vitest'
import { jsonWeight } from '../../src/wire/json/json-memory.ts'

const weightOf = (json: string) => jsonWeight(Buffer.from(json))

test.each([
  ['a long text', JSON.stringify('x'.repeat(1_000))],
  ['a text with brackets, quotes and backslashes', JSON.stringify('[{,:"\\'.repeat(1_000))],
  ['token ids', JSON.stringify(Array.from({ length: 1_000 }, (_, id) => id + 1_000))],
  ['a chat', JSON.stringify([{ role: 'user', content: 'Say hello to them. '.repeat(20) }])],
  ['a text that does not end', `"${'['.repeat(1_000)}`],
])('%s counts as its bytes', (_, json) => {
  expect(weightOf(json)).toBe(Buffer.byteLength(json))
})

test.each([
  ['lists in lists', '['.repeat(1_000), 10],
  ['objects in objects', '{"a":'.repeat(1_000), 5],
  ['empty objects', '{},'.repeat(1_000), 7],
  ['short names', '"a":1,'.repeat(1_000), 3],
  ['what follows a text that ends in a backslash', `"\\\\"${'['.repeat(1_000)}`, 10],
])('%s count as many times their bytes', (_, json, times) => {
  expect(weightOf(json)).toBeGreaterThanOrEqual(json.length * times)
})
