import { ProxyError } from '../errors.ts'

/** The members of a JSON body. */
export type Fields = Record<string, unknown>

/** @throws ProxyError missing_required_parameter, invalid_value; as do all readers below */
export function requiredString(fields: Fields, name: string): string {
  const value = fields[name]
  if (value === undefined) throw missing(name)
  if (typeof value !== 'string' || value === '') {
    throw invalid(name, `"${name}" must be a non-empty string.`)
  }
  return value
}

export function requiredArray(fields: Fields, name: string): unknown[] {
  const value = fields[name]
  if (value === undefined) throw missing(name)
  if (!Array.isArray(value)) throw invalid(name, `"${name}" must be an array.`)
  return value
}

/** A text or an array, such as `input` and `prompt` are. */
export function requiredTextOrArray(fields: Fields, name: string): string | unknown[] {
  const value = fields[name]
  if (value === undefined || value === null) throw missing(name)
  if (typeof value === 'string' || Array.isArray(value)) return value
  throw invalid(name, `"${name}" must be a string or an array.`)
}

export function optionalString(fields: Fields, name: string): string | null {
  const value = fields[name] ?? null
  if (value === null || typeof value === 'string') return value
  throw invalid(name, `"${name}" must be a string.`)
}

export function optionalBoolean(fields: Fields, name: string): boolean | null {
  const value = fields[name] ?? null
  if (value === null || typeof value === 'boolean') return value
  throw invalid(name, `"${name}" must be true or false.`)
}

export function optionalObject(fields: Fields, name: string): Fields | null {
  const value = fields[name] ?? null
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) {
    return value as Fields | null
  }
  throw invalid(name, `"${name}" must be an object.`)
}

export function optionalInteger(fields: Fields, name: string, max: number, min = 1): number | null {
  const value = fields[name] ?? null
  if (value === null) return null
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  throw invalid(name, `"${name}" must be a whole number from ${min} to ${max}.`)
}

export function missing(name: string): ProxyError {
  const message = `The required parameter "${name}" is missing.`
  return new ProxyError('missing_required_parameter', { message, param: name })
}

export function invalid(name: string, message: string): ProxyError {
  return new ProxyError('invalid_value', { message, param: name })
}
