import { expect, test } from 'vitest'
import { withoutKey } from '../../src/upstream/without-key.ts'

const KEY = 'my/own+secret"word'

test.each([
  ['as it is', `Wrong: ${KEY}!`, 'Wrong: ***!'],
  ['as JSON has it', `{"m":${JSON.stringify(KEY)}}`, '{"m":"***"}'],
  [
    'as JSON of PHP has it',
    'my\\/own+secret\\"word, twice: my\\/own+secret\\"word',
    '***, twice: ***',
  ],
  ['not at all', 'Wrong key.', 'Wrong key.'],
])('a key is taken out of a text where it stands %s', (_how, text, expected) => {
  expect(withoutKey(text, KEY)).toBe(expected)
})

test('a short key, which may be part of any word, and none at all take nothing out', () => {
  expect(withoutKey('an answer', 'answer')).toBe('an answer')
  expect(withoutKey('an answer', null)).toBe('an answer')
})
