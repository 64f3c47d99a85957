import { type Finding, found, ok, unknown } from '../finding.ts'
import { inWords, isObject, parse, quoted } from '../heard.ts'
import type { Observed } from '../observed.ts'

/** How it tells a client that a request is wrong. */
export function judgeErrors({ place }: Observed): Finding[] {
  if (place === null) return []
  const { heard } = place
  const { status, body, headers } = heard
  const value = parse(body)
  const error = isObject(value) ? value.error : undefined
  if (status < 300) {
    if (error) return [found('errors-in-200', `an empty request is answered ${status}, with it`)]
    return [unknown('errors', `an empty request is answered ${status}`)]
  }
  if (typeof value !== 'object' || value === null) {
    const type = headers['content-type'] ?? 'no type'
    return [found('errors-not-json', `an empty request is answered ${status} with ${type}`)]
  }
  const said = `an empty request is ${inWords(heard)}`
  if (status >= 500) return [found('errors-as-500', said)]
  if (isObject(error) && typeof error.message === 'string') return [ok('errors', said)]
  return [found('errors-odd-shape', `answered ${status}: ${quoted(body)}`)]
}
