import { readTime } from './when.ts'

/** The value that takes a limit away. */
const NONE = 'none'

export function readCount(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new Error('it must be a whole number')
  return Number(text)
}

export function readCountOrNone(text: string): number | null {
  if (text === NONE) return null
  if (!/^[0-9]{1,10}$/.test(text)) throw new Error('it must be a whole number or "none"')
  return Number(text)
}

export function readTextOrNone(text: string): string | null {
  return text === NONE ? null : text
}

/** Names of models, separated by commas; `any` allows all. */
export function readModels(text: string): string[] | null {
  return text === 'any' ? null : readNames(text)
}

/** Names, separated by commas; none is the empty list. */
export function readNames(text: string): string[] {
  if (text === NONE) return []
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

export function readFuture(text: string, now: Date): string {
  return readTime(text, now, 'ahead')
}

export function readFutureOrNever(text: string, now: Date): string | null {
  return text === 'never' ? null : readTime(text, now, 'ahead')
}

export function readPast(text: string, now: Date): string {
  return readTime(text, now, 'ago')
}

/** @param values what is allowed, for the message too */
export function readOneOf(values: readonly string[]): (text: string) => string {
  return (text) => {
    if (values.includes(text)) return text
    throw new Error(`it must be one of ${values.join(', ')}`)
  }
}
