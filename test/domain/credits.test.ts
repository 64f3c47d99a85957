import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divideRoundingUp, formatCredits, parseCredits } from '../../src/domain/credits.ts'

/** Sums are larger than what one grant can name. */
const LARGEST = 10n ** 24n

test('credits that were written are read as the same amount', () => {
  const amount = fc.bigInt({ min: -LARGEST, max: LARGEST })
  fc.assert(fc.property(amount, (micro) => parseCredits(formatCredits(micro)) === micro))
})

test('credits are written without an exponent and without trailing zeros', () => {
  const amount = fc.bigInt({ min: -LARGEST, max: LARGEST })
  fc.assert(fc.property(amount, (micro) => /^-?\d+(\.\d{0,5}[1-9])?$/.test(formatCredits(micro))))
  expect(formatCredits(12_500_000n)).toBe('12.5')
  expect(formatCredits(-1n)).toBe('-0.000001')
  expect(formatCredits(0n)).toBe('0')
})

test.for([
  '',
  ' 1',
  '1 ',
  '+1',
  '01',
  '1.',
  '.5',
  '1e3',
  '1,5',
  '0x10',
  'NaN',
  'Infinity',
  '--1',
  '1.0000001',
  '1\n',
  '１',
])('%j is not an amount of credits', (text) => {
  expect(parseCredits(text)).toBeNull()
})

test('no text is read as credits with another value than it has', () => {
  const digits = fc.stringMatching(/^-?\d{1,13}(\.\d{0,8})?$/)
  fc.assert(
    fc.property(digits, (text) => {
      const micro = parseCredits(text)
      if (micro === null) return
      const [whole = '', fraction = ''] = text.split('.')
      expect(String(micro)).toBe(String(BigInt(`${whole}${fraction.padEnd(6, '0')}`)))
    }),
  )
})

test('a division rounds up by less than one', () => {
  const dividend = fc.bigInt({ min: 0n, max: 10n ** 40n })
  const divisor = fc.bigInt({ min: 1n, max: 10n ** 20n })
  fc.assert(
    fc.property(dividend, divisor, (a, b) => {
      const quotient = divideRoundingUp(a, b)
      return quotient * b >= a && (quotient - 1n) * b < a
    }),
  )
})
