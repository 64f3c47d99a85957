import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSecretBox } from '../../src/secrets/secret-box.ts'

const SECRET = 'canary-secret-one'
const box = createSecretBox([SECRET])

test('a secret that was sealed opens to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      expect(box.open(box.seal(text))).toBe(text)
    }),
  )
})

test('a sealed secret shows neither itself nor that another is the same', () => {
  const text = 'canary-provider-key-0123456789'
  const [one, two] = [box.seal(text), box.seal(text)]
  expect(one.includes('canary')).toBe(false)
  expect(one.equals(two)).toBe(false)
  expect(one.subarray(0, 12).equals(two.subarray(0, 12))).toBe(false)
})

test('a sealed secret with a bit turned does not open', () => {
  const sealed = box.seal('a key')
  for (let at = 0; at < sealed.length; at += 1) {
    const turned = Buffer.from(sealed)
    turned[at] = (turned[at] as number) ^ 1
    expect(() => box.open(turned)).toThrow('SECRET_KEY')
  }
})

test('a sealed secret that is cut short does not open, however short', () => {
  const sealed = box.seal('a key')
  for (let length = 0; length < sealed.length; length += 1) {
    expect(() => box.open(sealed.subarray(0, length))).toThrow('SECRET_KEY')
  }
})

test('the first secret of SECRET_KEY seals, and every one of them opens', () => {
  const old = createSecretBox(['canary-secret-old'])
  const rotated = createSecretBox(['canary-secret-new', 'canary-secret-old'])
  const back = createSecretBox(['canary-secret-old', 'canary-secret-new'])
  expect(rotated.open(old.seal('a key'))).toBe('a key')
  const sealed = rotated.seal('a key')
  expect(createSecretBox(['canary-secret-new']).open(sealed)).toBe('a key')
  expect(back.open(sealed)).toBe('a key')
  expect(() => old.open(sealed)).toThrow('SECRET_KEY')
})
