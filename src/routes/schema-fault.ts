import { ProxyError } from '../errors.ts'

/** What Ajv found: only what is read of it. The first is the nearest to the value at fault. */
type Violation = {
  keyword: string
  instancePath: string
  params: Record<string, unknown>
  message?: string
}

/** The types of JSON Schema in words. */
const TYPES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
  string: 'a string',
}

/**
 * What a request that breaks the schema of its route is answered: which field, and what it must
 * be.
 * @param whole what a fault outside of any field is about, such as `body`
 */
export function schemaFault(violations: Violation[], whole: string, cause: Error): ProxyError {
  const [first] = violations
  if (first === undefined) return new ProxyError('invalid_value', { cause })
  const path = first.instancePath.split('/').filter(Boolean)
  const named = first.params.missingProperty ?? first.params.additionalProperty
  const param = [...path, ...(typeof named === 'string' ? [named] : [])].join('.')
  if (param === '') {
    return new ProxyError('invalid_value', { message: `The ${whole} ${wanted(first)}.`, cause })
  }
  if (first.keyword === 'required') {
    const message = `The required parameter "${param}" is missing.`
    return new ProxyError('missing_required_parameter', { message, param, cause })
  }
  if (first.keyword === 'additionalProperties') {
    const message = `There is no parameter "${param}".`
    return new ProxyError('invalid_value', { message, param, cause })
  }
  const orNull = violations.some(({ params }) => params.type === 'null') ? ', or null' : ''
  const message = `${param} ${wanted(first)}${orNull}.`
  return new ProxyError('invalid_value', { message, param, cause })
}

function wanted({ keyword, params, message = 'is not valid' }: Violation): string {
  if (keyword === 'type') return `must be ${TYPES[String(params.type)] ?? params.type}`
  if (keyword === 'enum') return `must be one of ${[params.allowedValues].flat().join(', ')}`
  if (params.format === 'date-time') return 'must be a time such as 2026-12-01T09:30:00Z'
  return message
}
