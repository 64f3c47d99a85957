const NANO_DECIMALS = 9

/** Significant digits that a number of the catalogue has for sure: 0.18000000000000002 is 0.18. */
const DIGITS = 15

/** More than this many digits before the point is no price. */
const WHOLE_DIGITS_MAX = 9

/**
 * A price of the catalogue in nano-USD.
 * @param shift what it is divided by, as a power of ten: a price per 1,000 calls has 3
 * @returns null where it has more decimals than that can hold, or is too large
 */
export function nanoUsdOf(price: number, shift = 0): bigint | null {
  const [mantissa = '', exponent = '0'] = price.toExponential(DIGITS - 1).split('e')
  const digits = mantissa.replace('.', '').replace(/0+$/, '') || '0'
  const zeros = Number(exponent) - (digits.length - 1) + NANO_DECIMALS - shift
  if (digits === '0') return 0n
  if (zeros < 0 || Number(exponent) - shift >= WHOLE_DIGITS_MAX) return null
  return BigInt(digits) * 10n ** BigInt(zeros)
}
