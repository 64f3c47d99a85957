import { ProxyError } from '../../errors.ts'

/** A field of the request with a value that is not allowed. */
export function invalidValue(param: string, message: string): ProxyError {
  return new ProxyError('invalid_value', { param, message })
}

/** @param what such as `account` */
export function notFound(what: string): ProxyError {
  return new ProxyError('not_found', { message: `There is no such ${what}.` })
}

/** What the request asks for contradicts what is stored. */
export function conflict(message: string, param?: string): ProxyError {
  return new ProxyError('conflict', { message, param })
}

/** @throws ProxyError not_found where there is nothing */
export function found<T>(value: T | null, what: string): T {
  if (value === null) throw notFound(what)
  return value
}
