import { type Failure, foreign } from './client.ts'

/** The error classes that OpenAI's and Anthropic's clients share by name. */
export type StainlessErrors = {
  APIError: abstract new (...args: any[]) => Error
  APIUserAbortError: abstract new (...args: any[]) => Error
  APIConnectionError: abstract new (...args: any[]) => Error
  APIConnectionTimeoutError: abstract new (...args: any[]) => Error
}

type Classes = Record<number, string>

/** The class for a status; other 5xx share one, and any other status is a plain APIError. */
export const OPENAI_CLASSES: Classes = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  409: 'ConflictError',
  422: 'UnprocessableEntityError',
  429: 'RateLimitError',
}

export const ANTHROPIC_CLASSES: Classes = {
  ...OPENAI_CLASSES,
  402: 'PaymentRequiredError',
  503: 'ServiceUnavailableError',
  504: 'GatewayTimeoutError',
}

/** Reads an error of such a client; one of the wrong class for its status is foreign. */
export function stainlessFailure(
  errors: StainlessErrors,
  error: unknown,
  classes: Classes = OPENAI_CLASSES,
): Failure {
  const is = (type: keyof StainlessErrors) => error instanceof errors[type]
  if (!(error instanceof errors.APIError)) return foreign(error)
  const { status = null, code = null } = error as { status?: number; code?: string | null }
  const failure = { name: error.constructor.name, status, code, message: error.message }
  if (is('APIUserAbortError')) return { kind: 'abort', ...failure }
  if (is('APIConnectionTimeoutError')) return { kind: 'timeout', ...failure }
  if (is('APIConnectionError')) return { kind: 'connection', ...failure }
  if (status === null) return { kind: 'stream', ...failure }
  const proper = classes[status] ?? (status >= 500 ? 'InternalServerError' : 'APIError')
  return { kind: failure.name === proper ? 'status' : 'foreign', ...failure }
}
