import { BACKSLASH, COLON, COMMA, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json-text.ts'

/** Bytes that each of these takes once it is parsed, about: a body may be made of nothing else. */
const COSTS = new Uint8Array(256)
COSTS[OPEN_LIST] = 56
COSTS[OPEN_OBJECT] = 80
COSTS[COLON] = 40 // a member
COSTS[COMMA] = 8 // an element
COSTS[QUOTE] = 24 // a text, beside its characters

/** Bytes of memory that a byte of JSON takes, as it is usual: its text, and its texts again. */
const USUAL_MEMORY = 4

/**
 * The bytes that JSON counts as where each stands for four of memory: its own, or more where it is
 * many small values. Lists in lists take thirty times their bytes.
 * @param json as it came: nobody has parsed it, and it may be none
 */
export function jsonWeight(json: Uint8Array): number {
  let memory = 0
  for (let at = 0; at < json.length; at += 1) {
    const code = json[at] as number
    memory += COSTS[code] as number
    if (code === QUOTE) at = endOfText(json, at)
  }
  return Math.max(json.length, Math.ceil(memory / USUAL_MEMORY))
}

/** The position of the quote that closes the text which opens there. */
function endOfText(json: Uint8Array, open: number): number {
  for (let quote = json.indexOf(QUOTE, open + 1); quote !== -1; ) {
    let escapes = quote
    while (json[escapes - 1] === BACKSLASH) escapes -= 1
    if ((quote - escapes) % 2 === 0) return quote
    quote = json.indexOf(QUOTE, quote + 1)
  }
  return json.length
}
