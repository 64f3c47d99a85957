import type { ServerResponse } from 'node:http'
import { HTML_TYPE, htmlPage } from '../cards/canned.ts'
import { errorJson, Problem, sendJson, sendProblem } from '../problem.ts'
import type { ErrorStyle } from './quirk.ts'

/** Writes a refusal the way a quirky server does. */
export function sendStyled(res: ServerResponse, error: unknown, style: ErrorStyle | null): void {
  if (!(error instanceof Problem) || style === null) {
    sendProblem(res, error)
    return
  }
  const { status, message, type, code, param } = error
  switch (style) {
    case 'html':
      sendPage(res, status)
      return
    case 'string':
      sendJson(res, status, JSON.stringify({ error: message }))
      return
    case 'in-200':
      sendJson(res, 200, errorJson(message, type, code, param))
      return
    case 'as-500':
      sendJson(res, 500, errorJson(message, 'server_error'))
  }
}

/** A page as a web server writes it. */
export function sendPage(res: ServerResponse, status: number): void {
  const page = htmlPage(status === 200 ? 'Please sign in' : `${status}`)
  res.writeHead(status, { 'content-type': HTML_TYPE, 'content-length': Buffer.byteLength(page) })
  res.end(page)
}
