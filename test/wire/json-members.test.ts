import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Edits, editMembers } from '../../src/wire/json/json-edits.ts'
import { topLevelMembers } from '../../src/wire/json/json-members.ts'

/** JSON whose text says more than JSON.parse keeps. */
const EXACT = ['9007199254740993', '1e-7', '1.0', '-0', '1E+400', '"\\u0041\\/"', '"\\\\\\""']
const KEYS = ['a', 'b', '__proto__', 'constructor', 'toString', '', ' ', 'a"b\\', 'é😀', '0', '{']

const space = fc.constantFrom('', '', ' ', '\n  ', '\t', '\r\n')
const value = fc.oneof(
  fc.constantFrom(...EXACT),
  fc.json(),
  fc.jsonValue().map((json) => JSON.stringify(json, null, 2)),
)
const key = fc.oneof(fc.constantFrom(...KEYS), fc.string())
const member = fc
  .tuple(space, key, space, space, value, space)
  .map(([s1, name, s2, s3, json, s4]) => `${s1}${JSON.stringify(name)}${s2}:${s3}${json}${s4}`)
const object = fc
  .tuple(space, fc.array(member, { maxLength: 6 }), space)
  .map(([before, members, after]) => `${before}{${members.join(',')}}${after}`)
const edits = fc.dictionary(key, fc.oneof(fc.constant(null), value), {
  maxKeys: 4,
  noNullPrototype: true,
})

const semantics = (text: string) => new Map(Object.entries(JSON.parse(text)))
const sorted = (map: Map<string, unknown>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

test('the members found are those of JSON.parse, and their positions those of their text', () => {
  fc.assert(
    fc.property(object, (text) => {
      const found = topLevelMembers(text)
      const read = found.map((one) => [
        one.key,
        JSON.parse(text.slice(one.valueStart, one.valueEnd)),
      ])
      expect(sorted(new Map(read as [string, unknown][]))).toEqual(sorted(semantics(text)))
      for (const { key: name, start } of found) {
        expect(
          JSON.parse(text.slice(start, text.indexOf(':', start + JSON.stringify(name).length))),
        ).toBe(name)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('an edit means the same as setting and deleting members of the parsed object', () => {
  fc.assert(
    fc.property(object, edits, (text, changes) => {
      const expected = semantics(text)
      for (const [name, json] of Object.entries(changes)) {
        if (json === null) expected.delete(name)
        else expected.set(name, JSON.parse(json))
      }
      expect(sorted(semantics(editMembers(text, changes)))).toEqual(sorted(expected))
    }),
    { numRuns: 2_000 },
  )
})

test('an edit leaves every byte of the other members, in their order, as it was', () => {
  const others = (text: string, changes: Record<string, unknown>) =>
    topLevelMembers(text)
      .filter((one) => !Object.hasOwn(changes, one.key))
      .map((one) => text.slice(one.start, one.valueEnd))
  fc.assert(
    fc.property(object, edits, (text, changes) => {
      expect(others(editMembers(text, changes), changes)).toEqual(others(text, changes))
    }),
    { numRuns: 2_000 },
  )
})

test('setting members that are there changes nothing but their values', () => {
  fc.assert(
    fc.property(object, value, (text, json) => {
      const target = topLevelMembers(text).at(-1)
      if (target === undefined) return
      const same = topLevelMembers(text).filter((one) => one.key === target.key)
      let expected = ''
      let end = 0
      for (const { valueStart, valueEnd } of same) {
        expected += text.slice(end, valueStart) + json
        end = valueEnd
      }
      expect(editMembers(text, { [target.key]: json })).toBe(expected + text.slice(end))
    }),
    { numRuns: 1_000 },
  )
})

const EDITS = [
  ['replaces a value', '{"a":1.0, "b":2}', { b: '3' }, '{"a":1.0, "b":3}'],
  ['removes the first member', '{ "a":1, "b":1e-7 }', { a: null }, '{ "b":1e-7 }'],
  ['removes one in the middle', '{"a":1,"b":2,"c":3}', { b: null }, '{"a":1,"c":3}'],
  ['removes the last member', '{"a":1,\n "b":2\n}', { b: null }, '{"a":1\n}'],
  ['removes the only member', '{ "a" : [1, {"a":2}] }', { a: null }, '{  }'],
  ['adds to an empty object', ' { } ', { a: '1' }, ' {"a":1 } '],
  ['adds in front of the others', '{"a":1}', { b: '2' }, '{"b":2,"a":1}'],
  ['adds and removes at once', '{"a":1,"b":2}', { a: null, c: '3' }, '{"c":3,"b":2}'],
  ['ignores the removal of what is not there', '{"a":1}', { b: null }, '{"a":1}'],
  ['edits every one of two equal keys', '{"a":1,"b":0,"a":2}', { a: '3' }, '{"a":3,"b":0,"a":3}'],
  ['finds a key that is written with escapes', '{"\\u0061":1}', { a: '2' }, '{"\\u0061":2}'],
  ['does not touch nested members', '{"x":{"a":1},"a":2}', { a: '3' }, '{"x":{"a":1},"a":3}'],
  ['sees none in a string', '{"x":"\\"a\\":1","a":2}', { a: '3' }, '{"x":"\\"a\\":1","a":3}'],
] as const

const NESTED: [string, string, Edits, string][] = [
  ['replaces a value within', '{"a":{"b":1, "c":2}}', { a: { b: '3' } }, '{"a":{"b":3, "c":2}}'],
  ['adds and removes within', '{"a":{"b":1}}', { a: { b: null, c: '2' } }, '{"a":{"c":2}}'],
  [
    'edits and replaces elements',
    '{"l":[{"x":1}, 2 ,{"x":3}],"m":1}',
    { l: ['0', undefined, { x: null, y: '4' }], m: null },
    '{"l":[0, 2 ,{"y":4}]}',
  ],
  [
    'edits at several depths at once',
    '{"l":[{"d":{"t":[{"f":"]}"}]},"i":0}],"u":{}}',
    { u: null, l: [{ i: '1', d: { t: [{ n: '7' }], r: '"a"' } }] },
    '{"l":[{"d":{"r":"a","t":[{"n":7,"f":"]}"}]},"i":1}]}',
  ],
  ['edits nothing in a list that is empty', '{"l":[ ]}', { l: ['1'] }, '{"l":[ ]}'],
  [
    'leaves a value of another kind',
    '{"a":[1],"b":{}}',
    { a: { x: '1' }, b: ['1'] },
    '{"a":[1],"b":{}}',
  ],
  ['makes nothing within what is not there', '{"a":1}', { b: { c: '1' } }, '{"a":1}'],
]

describe('editMembers', () => {
  test.each(NESTED)('%s', (_does, text, changes, expected) => {
    expect(editMembers(text, changes)).toBe(expected)
  })

  test.each(EDITS)('%s', (_does, text, changes, expected) => {
    expect(editMembers(text, changes)).toBe(expected)
  })

  test('takes __proto__ for a name like any other', () => {
    const text = '{"__proto__":{"a":1},"constructor":2,"b":3}'
    expect(editMembers(text, { a: '4' })).toBe(`{"a":4,${text.slice(1)}`)
    expect(editMembers(text, JSON.parse('{"__proto__":null}'))).toBe('{"constructor":2,"b":3}')
  })

  test('keeps numbers that JSON.parse would change', () => {
    const text = '{"seed":9007199254740993,"t":1e-7,"p":1.0,"z":-0,"q":1E+400}'
    expect(editMembers(text, { model: '"m"' })).toBe(`{"model":"m",${text.slice(1)}`)
  })
})
