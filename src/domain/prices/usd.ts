const USD_PATTERN = /^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$/
const DECIMALS = 9
const NANO_PER_USD = 1_000_000_000n

/** Reads a decimal string of USD into nano-USD; null when it is not one (see docs/ledger.md). */
export function parseUsd(text: string): bigint | null {
  if (!USD_PATTERN.test(text)) return null
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole) * NANO_PER_USD + BigInt(fraction.padEnd(DECIMALS, '0'))
}

/** Writes nano-USD as a decimal string of USD without trailing zeros: the inverse of `parseUsd`. */
export function formatUsd(nanoUsd: bigint): string {
  const fraction = (nanoUsd % NANO_PER_USD).toString().padStart(DECIMALS, '0').replace(/0+$/, '')
  return `${nanoUsd / NANO_PER_USD}${fraction && `.${fraction}`}`
}
