/** Characters (UTF-16 code units) of one token. */
export const CHARS_PER_TOKEN = 4

/** Tokens of that many characters: one per 4, rounded up, so at least 1 for any text. */
export function tokensOf(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN)
}
