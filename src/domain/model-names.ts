/** What a name has to be like; letters count in either case. */
export type NameClause =
  | { equals: string }
  | { starts_with: string }
  | { ends_with: string }
  | { contains: string }
  | { regex: string }
  | { or: readonly NameClause[] }
  | { and: readonly NameClause[] }

/** A model that names of this kind stand for; null: one that has no price here. */
export type NameRule = { match: NameClause; model: string | null }

/** Names longer than this stand for no model but their own. */
export const NAME_LENGTH_MAX = 256

/** A date in a name, as `-20250514`. */
const DATE = /(-20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g

/**
 * The model that a name stands for: that of the first rule that matches it, else that of the first
 * that matches it with its date written as `-2025-05-14`. Null where none does.
 */
export function modelOfName(rules: readonly NameRule[], name: string): string | null {
  if (name.length > NAME_LENGTH_MAX) return null
  const plain = name.toLowerCase().trim()
  const rule = findRule(rules, plain) ?? findRule(rules, plain.replace(DATE, dashed))
  return rule?.model ?? null
}

function findRule(rules: readonly NameRule[], name: string): NameRule | undefined {
  return rules.find(({ match }) => matches(match, name))
}

function matches(clause: NameClause, name: string): boolean {
  if ('equals' in clause) return name === clause.equals.toLowerCase()
  if ('or' in clause) return clause.or.some((each) => matches(each, name))
  if ('and' in clause) return clause.and.every((each) => matches(each, name))
  if ('starts_with' in clause) return name.startsWith(clause.starts_with.toLowerCase())
  if ('ends_with' in clause) return name.endsWith(clause.ends_with.toLowerCase())
  if ('contains' in clause) return name.includes(clause.contains.toLowerCase())
  return new RegExp(clause.regex).test(name)
}

/** A day that is in no calendar stays as it is. */
function dashed(text: string, year: string, month: string, day: string): string {
  const date = `${year.slice(1)}-${month}-${day}`
  const time = new Date(`${date}T00:00Z`)
  const isDay = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date)
  return isDay ? `-${date}` : text
}
