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
    if (text[start] !== '"') return members
    const keyEnd = endOfString(text, start)
    const valueStart = nextNonSpace(text, text.indexOf(':', keyEnd) + 1)
    const valueEnd = endOfValue(text, valueStart)
    members.push({ key: JSON.parse(text.slice(start, keyEnd)), start, valueStart, valueEnd })
    at = nextNonSpace(text, valueEnd)
    if (text[at] !== ',') return members
    at += 1
  }
}

/** The elements of a JSON array in its text, as positions of their first and after their last. */
export function elementsOf(text: string): { start: number; end: number }[] {
  const elements: { start: number; end: number }[] = []
  let start = nextNonSpace(text, text.indexOf('[') + 1)
  while (start < text.length && text[start] !== ']') {
    const end = endOfValue(text, start)
    elements.push({ start, end })
    const separator = nextNonSpace(text, end)
    start = text[separator] === ',' ? nextNonSpace(text, separator + 1) : text.length
  }
  return elements
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

/**
 * Sets top-level members in the text of a JSON object; null removes one. The bytes of the others,
 * and the white space between them, stay as they are.
 */
export function editMembers(text: string, edits: Record<string, string | null>): string {
  const members = topLevelMembers(text)
  const first = members[0]?.start ?? text.indexOf('{') + 1
  const present = new Set(members.map((member) => member.key))
  let edited = ''
  for (const [key, edit] of Object.entries(edits)) {
    if (edit !== null && !present.has(key)) {
      edited += `${edited && ','}${JSON.stringify(key)}:${edit}`
    }
  }
  let separator = edited && ','
  let end = first
  for (const member of members) {
    const edit = Object.hasOwn(edits, member.key) ? edits[member.key] : undefined
    const space = edited === '' ? '' : separator || text.slice(end, member.start)
    end = member.valueEnd
    if (edit === null) continue
    const value = edit ?? text.slice(member.valueStart, member.valueEnd)
    edited += space + text.slice(member.start, member.valueStart) + value
    separator = ''
  }
  return text.slice(0, first) + edited + text.slice(end)
}

function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first === '{' || first === '[') return endOfNested(text, start)
  let at = start
  while (at < text.length && !isDelimiter(text.charCodeAt(at))) at += 1
  return at
}

function endOfNested(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at) - 1
    else if (code === 0x7b || code === 0x5b) depth += 1
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return text.length
}

/** @returns the position after the closing quote of the string that opens at `start` */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; ) {
    let escapes = quote
    while (text.charCodeAt(escapes - 1) === 0x5c) escapes -= 1
    if ((quote - escapes) % 2 === 0) return quote + 1
    quote = text.indexOf('"', quote + 1)
  }
  return text.length
}

function nextNonSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1
  return at
}

/** Comma, closing brace or bracket, or white space: what ends a number or a literal. */
function isDelimiter(code: number): boolean {
  return code === 0x2c || code === 0x7d || code === 0x5d || code <= 0x20
}
