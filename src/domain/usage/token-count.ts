/** A usage with a class above this many tokens is a defect of the upstream, and ignored. */
export const USAGE_TOKENS_MAX = 16_777_216

/** A class of a usage; null where it is no sound figure. */
export function tokens(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= USAGE_TOKENS_MAX
    ? (value as number)
    : null
}
