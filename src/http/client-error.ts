import { randomUUIDv7 } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { breakOffBody } from '../body/read-body.ts'
import { ProxyError } from '../errors.ts'
import { requestLine } from '../log/log-line.ts'
import { errorBody, errorHeaders } from '../wire/error-body.ts'

/** Milliseconds a client gets to read why its connection ends. */
const LINGER_MS = 1_000

const CODES = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'request_header_fields_too_large',
} as const

/**
 * Answers what is not HTTP, or too slow to be. Where the parser gave up in the body of a request
 * it is that request which fails, under its own id.
 */
export function createClientErrorHandler(log: FastifyBaseLogger) {
  return (thrown: Error & { code?: string }, socket: Socket): void => {
    if (socket.writableEnded) return // answered, and whatever else it sends is dropped
    if (thrown.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code = CODES[thrown.code as keyof typeof CODES] ?? 'bad_http'
    const failure = new ProxyError(code, { cause: thrown })
    if (breakOffBody(socket, failure)) return
    const requestId = randomUUIDv7()
    const facts = { endpoint: null, status: failure.status, isWhole: true, durationMs: 0, failure }
    log.warn({ request_id: requestId, ...requestLine(facts) }, 'request')
    socket.end(answerOf(failure, requestId))
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  }
}

function answerOf(error: ProxyError, requestId: string): string {
  const body = JSON.stringify(errorBody(error))
  const headers = {
    ...errorHeaders(error),
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const status = `${error.status} ${STATUS_CODES[error.status]}`
  return `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}
