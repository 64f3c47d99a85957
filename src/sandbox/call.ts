import type { IncomingMessage } from 'node:http'
import { KEPT_BODY_CHARS } from './limits.ts'

/** The ground truth of one call, as the upstream saw it. */
export type SandboxCall = {
  /** The path it was sent to. */
  path: string
  /** The x-request-id header it was sent with. */
  requestId: string | null
  authorization: string | null
  /** As received, names in lower case. */
  headers: Record<string, string | string[] | undefined>
  /** Raw text as received, cut at KEPT_BODY_CHARS; '' when bodies are not kept. */
  body: string
  /** '' when the request could not be read. */
  model: string
  stream: boolean
  /** The `user` of the request, by which whoever sent it knows it again; null without one. */
  user: string | null
  /** Milliseconds of the sandbox's own performance.now(). */
  startedAt: number
  endedAt: number | null
  /** Counted from the messages: one per 4 characters. */
  promptTokens: number
  /** One per 4 characters handed to the socket before the close the sandbox saw. */
  completionTokens: number
  /** Content chunks handed to the socket. */
  chunks: number
  /** The peer hung up before the answer was complete. */
  closedByPeer: boolean
  /** The HTTP answer, good or bad, was handed to the kernel to its last byte. */
  finished: boolean
}

/** The record of a call whose request has just been read. */
export function newCall(req: IncomingMessage, startedAt: number, body: string): SandboxCall {
  const requestId = req.headers['x-request-id']
  return {
    path: req.url ?? '',
    requestId: typeof requestId === 'string' && requestId !== '' ? requestId : null,
    authorization: req.headers.authorization ?? null,
    headers: req.headers,
    body: cutBody(body),
    model: '',
    stream: false,
    user: null,
    startedAt,
    endedAt: null,
    promptTokens: 0,
    completionTokens: 0,
    chunks: 0,
    closedByPeer: false,
    finished: false,
  }
}

/** Copied when cut, because a slice of a string keeps the whole one alive. */
function cutBody(body: string): string {
  if (body.length <= KEPT_BODY_CHARS) return body
  return Buffer.from(body.slice(0, KEPT_BODY_CHARS)).toString()
}
