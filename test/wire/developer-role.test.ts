import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementsOf } from '../../src/wire/json/json-members.ts'
import { developerAsSystem } from '../../src/wire/requests/developer-role.ts'

const role = fc.constantFrom('developer', 'system', 'user', 'assistant', 'tool', 7, null)
const message = fc.record(
  { role, content: fc.jsonValue({ maxDepth: 2 }), name: fc.string() },
  { requiredKeys: [] },
)
const messages = fc.array(fc.oneof({ weight: 4, arbitrary: message }, fc.jsonValue()))
const spaces = fc.constantFrom('', ' ', '  ')

test('whatever the messages are, the role developer becomes system, and nothing else changes', () => {
  fc.assert(
    fc.property(messages, spaces, (all, space) => {
      const text = JSON.stringify(all, null, space)
      const expected = all.map((one: any) =>
        one?.role === 'developer' && !Array.isArray(one) ? { ...one, role: 'system' } : one,
      )
      const has = all.some((one: any) => one?.role === 'developer' && !Array.isArray(one))
      expect(developerAsSystem(text)).toBe(has ? JSON.stringify(expected, null, space) : null)
    }),
  )
})

test('numbers, escapes and spaces of a message that is changed stay as they were', () => {
  const text = '[ {"role" :"dev\\u0065loper","content":"\\u00e9","seed":9007199254740993 } , 1.0 ]'
  const changed = '[ {"role" :"system","content":"\\u00e9","seed":9007199254740993 } , 1.0 ]'
  expect(developerAsSystem(text)).toBe(changed)
})

test('of a role that is there twice the last counts, as parsers read it', () => {
  expect(developerAsSystem('[{"role":"developer","role":"user"}]')).toBeNull()
  expect(developerAsSystem('[{"role":"user","role":"developer"}]')).toBe(
    '[{"role":"system","role":"system"}]',
  )
})

test('the elements found of an array are those of JSON.parse', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), spaces, (all, space) => {
      const text = ` ${JSON.stringify(all, null, space)} `
      const found = elementsOf(text).map(({ start, end }) => JSON.parse(text.slice(start, end)))
      expect(found).toEqual(JSON.parse(text))
    }),
  )
})
