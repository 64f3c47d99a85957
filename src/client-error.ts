import type { Socket } from 'node:net'
import { ProxyError } from './errors.ts'
import { errorBody, errorHeaders } from './wire/error-body.ts'

const CODES = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'request_header_fields_too_large',
} as const

/** Answers what is not HTTP, or too slow to be: the parser gave up before there was a request. */
export function clientErrorHandler(thrown: Error & { code?: string }, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const error = new ProxyError(CODES[thrown.code as keyof typeof CODES] ?? 'bad_http')
  const body = JSON.stringify(errorBody(error))
  const headers = {
    ...errorHeaders(error),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${error.status} Error\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
