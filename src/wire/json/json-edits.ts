import {
  CLOSE_LIST,
  COMMA,
  endOfString,
  endOfValue,
  keyAt,
  nextNonSpace,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from './json-text.ts'

/** What becomes of the members of an object: each is named, all others stay. */
export type Edits = { [key: string]: Edit }

/** What becomes of the elements of a list, in their order; undefined stays. */
export type ElementEdits = (Edit | undefined)[]

/** What becomes of a value: another JSON text, nothing (null), or edits within it. */
export type Edit = string | null | Edits | ElementEdits

/**
 * Sets members in the text of a JSON object, at any depth and in one pass; null removes one. The
 * bytes of the others, and the white space between them, stay as they are. What is new stands first
 * in its object. Edits within a value of another kind change nothing.
 * @param text valid JSON (parsed before) whose top level is an object
 */
export function editMembers(text: string, edits: Edits): string {
  const editing = new Editing(text)
  editing.object(text.indexOf('{'), edits)
  return editing.result()
}

class Editing {
  readonly #text: string
  /** In the order of the text. */
  readonly #splices: { from: number; to: number; by: string }[] = []

  constructor(text: string) {
    this.#text = text
  }

  result(): string {
    let edited = ''
    let end = 0
    for (const { from, to, by } of this.#splices) {
      edited += this.#text.slice(end, from) + by
      end = to
    }
    return edited + this.#text.slice(end)
  }

  /** @returns the position after the object that opens there */
  object(open: number, edits: Edits): number {
    const text = this.#text
    let start = nextNonSpace(text, open + 1)
    const first = text.charCodeAt(start) === QUOTE ? start : open + 1
    const added = this.#splice(first, first)
    const absent = new Set(Object.keys(edits).filter((key) => typeof edits[key] === 'string'))
    let hasKept = false
    let end = first
    while (text.charCodeAt(start) === QUOTE) {
      const keyEnd = endOfString(text, start)
      const key = keyAt(text, start, keyEnd)
      absent.delete(key)
      const edit = Object.hasOwn(edits, key) ? edits[key] : undefined
      // A member that goes takes the comma before it along, the first ones that behind them.
      if (edit !== null && !hasKept) this.#splice(first, start)
      const before = end
      end = this.#value(nextNonSpace(text, text.indexOf(':', keyEnd) + 1), edit)
      if (edit === null && hasKept) this.#splice(before, end)
      hasKept ||= edit !== null
      start = nextNonSpace(text, end)
      if (text.charCodeAt(start) !== COMMA) break
      start = nextNonSpace(text, start + 1)
    }
    if (!hasKept) this.#splice(first, end)
    const texts = [...absent].map((key) => `${JSON.stringify(key)}:${edits[key]}`)
    if (texts.length > 0 && hasKept) texts.push('')
    added.by = texts.join(',')
    return start + 1
  }

  /** @returns the position after the value */
  #value(start: number, edit: Edit | undefined): number {
    const code = this.#text.charCodeAt(start)
    if (typeof edit === 'object' && edit !== null) {
      if (Array.isArray(edit))
        return code === OPEN_LIST ? this.#list(start, edit) : this.#skip(start)
      if (code === OPEN_OBJECT) return this.object(start, edit)
    }
    const end = this.#skip(start)
    if (typeof edit === 'string') this.#splice(start, end, edit)
    return end
  }

  #list(open: number, edits: ElementEdits): number {
    const text = this.#text
    let start = nextNonSpace(text, open + 1)
    for (let position = 0; text.charCodeAt(start) !== CLOSE_LIST; position += 1) {
      start = nextNonSpace(text, this.#value(start, edits[position]))
      if (text.charCodeAt(start) !== COMMA) break
      start = nextNonSpace(text, start + 1)
    }
    return start + 1
  }

  #skip(start: number): number {
    return endOfValue(this.#text, start)
  }

  #splice(from: number, to: number, by = '') {
    const splice = { from, to, by }
    this.#splices.push(splice)
    return splice
  }
}
