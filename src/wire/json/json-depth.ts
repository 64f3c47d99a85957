/** Levels of nesting that are written as JSON again: JSON.stringify fails at some thousands. */
const DEPTH_MAX = 1_000

/** Whether a value that was parsed is nested too deeply to be written again. */
export function isTooDeep(value: unknown, levels = DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const one of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof one === 'object' && isTooDeep(one, levels - 1)) return true
  }
  return false
}

/** Whether that is possible at all: each level opens and closes. */
export function mayBeTooDeep(text: string): boolean {
  return text.length > 2 * DEPTH_MAX
}

/** A value that was parsed, as JSON; null where it is nested too deeply. */
export function jsonOf(value: unknown): string | null {
  return isTooDeep(value) ? null : JSON.stringify(value)
}
