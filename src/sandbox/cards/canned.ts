import type { LiveCall } from '../live-call.ts'
import { errorJson } from '../problem.ts'
import type { Canned } from './card.ts'

export const JSON_TYPE = 'application/json'
export const EVENTS_TYPE = 'text/event-stream; charset=utf-8'
export const HTML_TYPE = 'text/html; charset=utf-8'
/** Stands for the type a right answer to the request would have. */
export const ASKED_TYPE = 'asked'

/** Writes the answer of a canned card; `asked` is the type of a right answer. */
export function sendCanned({ record, res }: LiveCall, canned: Canned, asked: string): void {
  const { status, contentType, headers, body } = canned
  const bytes = Buffer.from(typeof body === 'function' ? body(record.authorization) : body)
  res.writeHead(status, {
    'content-type': contentType === ASKED_TYPE ? asked : contentType,
    'content-length': bytes.length,
    ...headers,
  })
  res.end(bytes)
}

/** An OpenAI error as a canned answer. */
export function cannedError(
  status: number,
  message: string,
  type: string,
  code: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): Canned {
  return { status, contentType: JSON_TYPE, headers, body: errorJson(message, type, code) }
}

/** A page as a web server in front of an upstream writes it. */
export function htmlPage(title: string): string {
  const body = `<body><h1>${title}</h1></body>`
  return `<html>\r\n<head><title>${title}</title></head>\r\n${body}\r\n</html>\r\n`
}

/** Bytes that are neither UTF-8, SSE nor JSON; the same every time. */
export function garbage(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let seed = 1
  for (let index = 0; index < length; index++) {
    // Marsaglia's xorshift: no pattern, no dependency, no chance.
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    bytes[index] = seed & 0xff
  }
  return bytes
}
