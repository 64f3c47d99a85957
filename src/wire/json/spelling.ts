import { invalid } from '../fields.ts'

/**
 * Refuses a key that is a name in other letters, such as `Model`. Parsers that look at no case, as
 * that of Go, take it for the name, and of two such keys the last: a way round the bill.
 * @param names in small letters
 * @param param what the refusal names; the name itself where it is left out
 * @throws ProxyError invalid_value
 */
export function refuseOtherSpelling(
  key: string,
  names: { has(name: string): boolean },
  param?: string,
): void {
  if (names.has(key)) return
  const name = key.toUpperCase().toLowerCase() // also of a long s, and of the sign of kelvin
  if (names.has(name)) throw invalid(param ?? name, `"${key}" must be written "${name}".`)
}
