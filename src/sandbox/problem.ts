import type { ServerResponse } from 'node:http'

/** A refusal in OpenAI's shape; thrown while a request is read, written as its HTTP answer. */
export class Problem extends Error {
  readonly status: number
  readonly type: string
  readonly code: string | null
  readonly param: string | null

  constructor(status: number, message: string, code: string | null, param: string | null = null) {
    super(message)
    this.status = status
    this.type = status < 500 ? 'invalid_request_error' : 'server_error'
    this.code = code
    this.param = param
  }
}

/** A 400 that names the field at fault. */
export function badField(param: string, message: string): Problem {
  return new Problem(400, `Invalid value for '${param}': ${message}.`, 'invalid_value', param)
}

/** The JSON text of an OpenAI error body: all four keys, always. */
export function errorJson(
  message: string,
  type: string,
  code: string | null = null,
  param: string | null = null,
): string {
  return JSON.stringify({ error: { message, type, param, code } })
}

/** What a card says that fails in the middle of its answer. */
export const FAULT = {
  message: 'The sandbox failed in the middle of its answer.',
  type: 'server_error',
  param: null,
  code: null,
}
export const FAULT_JSON = JSON.stringify({ error: FAULT })

/** Writes `problem` as the HTTP answer; anything but a Problem is a fault of the sandbox, a 500. */
export function sendProblem(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const problem = error instanceof Problem ? error : new Problem(500, `Sandbox: ${error}`, null)
  sendJson(
    res,
    problem.status,
    errorJson(problem.message, problem.type, problem.code, problem.param),
  )
}

/** Writes one JSON text as the whole HTTP answer. */
export function sendJson(
  res: ServerResponse,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const length = Buffer.byteLength(json)
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': length,
    ...headers,
  })
  res.end(json)
}
