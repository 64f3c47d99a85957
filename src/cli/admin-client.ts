import type { Connection } from './connection.ts'
import { ApiError, CliError } from './failure.ts'

/** Milliseconds the server may take for an answer. */
const TIMEOUT_MS = 60_000

export type List<Row> = { data: Row[]; next: string | null }

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Query = Record<string, unknown>
type Answer = { status: number; body: unknown }

/** The admin API. What it refuses is thrown as an ApiError, what keeps us from it as a CliError. */
export class AdminClient {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async get<Body>(path: string, query: Query = {}, timeoutMs = TIMEOUT_MS): Promise<Body> {
    const entries = Object.entries(query).map(([name, value]) => [name, String(value)])
    const search = new URLSearchParams(Object.fromEntries(entries))
    const url = search.size > 0 ? `${path}?${search}` : path
    const answer = await this.#call('GET', url, undefined, timeoutMs)
    return answer.body as Body
  }

  /** What is at a path, or null where there is nothing. */
  async find<Body>(path: string): Promise<Body | null> {
    try {
      return await this.get<Body>(path)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null
      throw error
    }
  }

  /** @returns also whether something was made (201), or was there before (200) */
  async post<Body>(
    path: string,
    body: object,
    timeoutMs = TIMEOUT_MS,
  ): Promise<{ body: Body; created: boolean }> {
    const answer = await this.#call('POST', path, body, timeoutMs)
    return { body: answer.body as Body, created: answer.status === 201 }
  }

  async put<Body>(path: string, body: object): Promise<Body> {
    return (await this.#call('PUT', path, body)).body as Body
  }

  async patch<Body>(path: string, body: object): Promise<Body> {
    return (await this.#call('PATCH', path, body)).body as Body
  }

  async delete<Body>(path: string): Promise<Body> {
    return (await this.#call('DELETE', path)).body as Body
  }

  async #call(
    method: Method,
    path: string,
    body?: object,
    timeoutMs = TIMEOUT_MS,
  ): Promise<Answer> {
    const response = await this.#send(method, path, timeoutMs, body)
    const answer = { status: response.status, body: await this.#read(response, timeoutMs) }
    if (response.ok) return answer
    throw this.#refusal(path, answer, response.headers.get('x-request-id'))
  }

  async #send(method: Method, path: string, timeoutMs: number, body?: object): Promise<Response> {
    const { url, token } = this.#connection
    try {
      return await fetch(`${url}/admin${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body && { body: JSON.stringify(body) }),
      })
    } catch (error) {
      throw this.#unreachable(error as Error, timeoutMs)
    }
  }

  async #read(response: Response, timeoutMs: number): Promise<unknown> {
    const text = await response.text().catch((error) => {
      throw this.#unreachable(error, timeoutMs)
    })
    try {
      return JSON.parse(text)
    } catch {
      throw this.#stranger(response.status)
    }
  }

  #unreachable(error: Error, timeoutMs: number): CliError {
    const { url } = this.#connection
    if (error.name === 'TimeoutError') {
      return new CliError(`${url} did not answer within ${timeoutMs / 1_000} s: see its log.`)
    }
    const { cause } = error as { cause?: { code?: string; message?: string } }
    const why = cause?.code ?? cause?.message ?? error.message
    return new CliError(
      `No Tollkeeper answers at ${url} (${why}): ` +
        'start it with "npm start", or name another with --url or TOLLKEEPER_URL.',
    )
  }

  #stranger(status: number): CliError {
    const { url } = this.#connection
    return new CliError(
      `What answers at ${url} (status ${status}) is no Tollkeeper: ` +
        'name its address, without a path, with --url or TOLLKEEPER_URL.',
    )
  }

  #refusal(path: string, { status, body }: Answer, requestId: string | null): CliError {
    const { url, tokenSource } = this.#connection
    if (status === 401) {
      return new CliError(
        `${url} does not accept the admin token of ${tokenSource}: ` +
          "set ADMIN_TOKEN to the server's, or DATA_DIR to its folder.",
      )
    }
    const { error } = body as { error?: { message?: string; param?: string; code?: string } }
    if (typeof error?.message !== 'string') return this.#stranger(status)
    if (error.code === 'unknown_url') {
      return new CliError(
        `${url} has nothing at /admin${path}: ` +
          'its admin API is off (ADMIN_TOKEN=off), on another port, or of another version.',
      )
    }
    const resource = path.split(/[/?]/)[1] ?? ''
    return new ApiError(error.message, { status, param: error.param ?? null, resource, requestId })
  }
}
