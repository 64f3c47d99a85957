/**
 * Credits are the customer's unit. Inside Tollkeeper an amount is always an integer number of
 * micro-credits in a bigint; outside (JSON, CLI) it is a decimal string in credits.
 */
export type MicroCredits = bigint

const MICRO = 1_000_000n
const DECIMALS = 6
const CREDITS_PATTERN = /^-?(0|[1-9][0-9]*)(\.[0-9]{1,6})?$/

/** The largest amount one grant, limit or price may name: 10^12 credits, far inside int64. */
export const CREDITS_MAX: MicroCredits = 1_000_000_000_000n * MICRO

/**
 * Reads a decimal string of credits, such as "12.5".
 * @returns micro-credits, or null when the text is not such a number (more than 6 decimals,
 * an exponent, a sign other than a leading minus)
 */
export function parseCredits(text: string): MicroCredits | null {
  if (!CREDITS_PATTERN.test(text)) return null
  const negative = text.startsWith('-')
  const [whole = '0', fraction = ''] = (negative ? text.slice(1) : text).split('.')
  const micro = BigInt(whole) * MICRO + BigInt(fraction.padEnd(DECIMALS, '0'))
  return negative ? -micro : micro
}

/**
 * Writes micro-credits as a decimal string of credits without trailing zeros: 12500000n -> "12.5".
 */
export function formatCredits(amount: MicroCredits): string {
  const absolute = amount < 0n ? -amount : amount
  const fraction = (absolute % MICRO).toString().padStart(DECIMALS, '0').replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${absolute / MICRO}${fraction && `.${fraction}`}`
}

/**
 * The only division of money. Rounds up, so that a cost computed from a token bound is never
 * below the cost of the tokens it bounds.
 * @param dividend not negative
 * @param divisor positive
 */
export function divideRoundingUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
