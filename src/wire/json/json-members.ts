import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  endOfString,
  endOfValue,
  keyAt,
  nextNonSpace,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from './json-text.ts'

/** A member of a JSON object, as positions in its text. */
export type Member = {
  key: string
  /** Position of the quote that opens the key. */
  start: number
  valueStart: number
  /** Position after the last character of the value. */
  valueEnd: number
}

/**
 * Finds the top-level members of a JSON object in its text, so that one value can be replaced
 * without touching a byte of the others (W-11, W-12).
 * @param text valid JSON (parsed before) whose top level is an object
 */
export function topLevelMembers(text: string): Member[] {
  const members: Member[] = []
  let at = text.indexOf('{') + 1
  for (;;) {
    const start = nextNonSpace(text, at)
    if (text.charCodeAt(start) !== QUOTE) return members
    const keyEnd = endOfString(text, start)
    const valueStart = nextNonSpace(text, text.indexOf(':', keyEnd) + 1)
    const valueEnd = endOfValue(text, valueStart)
    members.push({ key: keyAt(text, start, keyEnd), start, valueStart, valueEnd })
    at = nextNonSpace(text, valueEnd)
    if (text.charCodeAt(at) !== COMMA) return members
    at += 1
  }
}

/** The elements of a JSON array in its text, as positions of their first and after their last. */
export function elementsOf(text: string): { start: number; end: number }[] {
  const elements: { start: number; end: number }[] = []
  let start = nextNonSpace(text, text.indexOf('[') + 1)
  while (start < text.length && text.charCodeAt(start) !== CLOSE_LIST) {
    const end = endOfValue(text, start)
    elements.push({ start, end })
    const separator = nextNonSpace(text, end)
    const goesOn = text.charCodeAt(separator) === COMMA
    start = goesOn ? nextNonSpace(text, separator + 1) : text.length
  }
  return elements
}

/** A key that stands twice in one object, anywhere within the value there; null where none does. */
export function keyThatIsTwice(text: string, start: number, end: number): string | null {
  const first = text.indexOf('{', start)
  if (first === -1 || first >= end) return null // a text or numbers, of which there may be many
  const within: (Set<string> | null)[] = []
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code === OPEN_OBJECT) within.push(new Set())
    else if (code === OPEN_LIST) within.push(null)
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) within.pop()
    else if (code === QUOTE) {
      const stringEnd = endOfString(text, at)
      if (text.charCodeAt(nextNonSpace(text, stringEnd)) === COLON) {
        const key = keyAt(text, at, stringEnd)
        const keys = within.at(-1)
        if (keys?.has(key)) return key
        keys?.add(key)
      }
      at = stringEnd - 1
    }
  }
  return null
}

/** The text of a member's value, of the last where there are several, as parsers read it. */
export function textOfMember(text: string, key: string): string | null {
  const member = topLevelMembers(text).findLast((one) => one.key === key)
  return member === undefined ? null : text.slice(member.valueStart, member.valueEnd)
}

/**
 * Replaces elements in the text of a JSON array. All other bytes stay as they are.
 * @param edit the new text of an element, or null where it stays
 * @returns null where all stay
 */
export function editElements(
  text: string,
  edit: (element: string, position: number) => string | null,
): string | null {
  let edited = ''
  let end = 0
  for (const [position, element] of elementsOf(text).entries()) {
    const replaced = edit(text.slice(element.start, element.end), position)
    if (replaced === null) continue
    edited += text.slice(end, element.start) + replaced
    end = element.end
  }
  return end === 0 ? null : edited + text.slice(end)
}
