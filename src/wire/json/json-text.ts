/** Positions in a text that is valid JSON. */

export const QUOTE = 0x22
export const COMMA = 0x2c
export const OPEN_LIST = 0x5b
export const CLOSE_LIST = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
export const COLON = 0x3a
export const BACKSLASH = 0x5c
const SPACE = 0x20

/** @returns the position after the value that begins at `start` */
export function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return endOfString(text, start)
  if (first === OPEN_OBJECT || first === OPEN_LIST) return endOfNested(text, start)
  let at = start
  while (at < text.length && !isDelimiter(text.charCodeAt(at))) at += 1
  return at
}

/** @returns the position after the closing quote of the string that opens at `start` */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; ) {
    let escapes = quote
    while (text.charCodeAt(escapes - 1) === BACKSLASH) escapes -= 1
    if ((quote - escapes) % 2 === 0) return quote + 1
    quote = text.indexOf('"', quote + 1)
  }
  return text.length
}

/** The position of the first character at or after `from` that is no white space. */
export function nextNonSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= SPACE) at += 1
  return at
}

/** What the string says that stands there, its quotes with it. */
export function keyAt(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end - 1)
  return key.includes('\\') ? JSON.parse(text.slice(start, end)) : key
}

function endOfNested(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at) - 1
    else if (code < OPEN_LIST)
      continue // numbers and what is between them: of vectors nearly all
    else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return text.length
}

/** What ends a number or a literal. */
function isDelimiter(code: number): boolean {
  return code === COMMA || code === CLOSE_OBJECT || code === CLOSE_LIST || code <= SPACE
}
