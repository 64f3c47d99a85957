import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerCall, type Reader } from './answers/answer-call.ts'
import { listCalls, readCall, readState } from './control.ts'
import { readCompletion } from './dialects/completions.ts'
import { readEmbeddings } from './dialects/embeddings.ts'
import { readEdit, readGeneration } from './dialects/images.ts'
import { readCountable, readMessage } from './dialects/messages.ts'
import { readModeration } from './dialects/moderations.ts'
import { readResponse } from './dialects/responses.ts'
import { readSpeech } from './dialects/speech.ts'
import { readTranscription } from './dialects/transcriptions.ts'
import { listModels, readModel } from './models.ts'
import { Problem, sendJson, sendProblem } from './problem.ts'
import { readChatRequest } from './questions/chat-request.ts'
import { isQuirky, routeQuirk } from './quirks/routes.ts'
import type { SandboxState } from './state.ts'

type Visit = {
  readonly state: SandboxState
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** What follows the path of a route that ends in a slash, decoded. */
  readonly id: string
}
type Route = readonly [method: string, path: string, answer: (visit: Visit) => void]

/** What answers questions, and how each of them is read. */
const ENDPOINTS: Record<string, Reader> = {
  '/chat/completions': readChatRequest,
  '/completions': readCompletion,
  '/responses': readResponse,
  '/messages': readMessage,
  '/messages/count_tokens': readCountable,
  '/embeddings': readEmbeddings,
  '/moderations': readModeration,
  '/images/generations': readGeneration,
  '/images/edits': readEdit,
  '/audio/speech': readSpeech,
  '/audio/transcriptions': readTranscription,
  '/audio/translations': readTranscription,
}

/** Paths without /v1; one that ends in a slash takes an id. */
const ROUTES: readonly Route[] = [
  ...Object.entries(ENDPOINTS).map(
    ([path, read]): Route => [
      'POST',
      path,
      ({ state, req, res }) => answerCall(state, req, res, read),
    ],
  ),
  ['GET', '/models', ({ res }) => listModels(res)],
  ['GET', '/models/', ({ res, id }) => readModel(res, id)],
  ['GET', '/sandbox', ({ state, res }) => readState(state, res)],
  ['GET', '/sandbox/calls', ({ state, res }) => listCalls(state, res)],
  ['GET', '/sandbox/calls/', ({ state, res, id }) => readCall(state, res, id)],
  ['DELETE', '/sandbox/calls', ({ state, res }) => done(res, () => state.ledger.clear())],
  ['POST', '/sandbox/hold', ({ state, res }) => done(res, () => state.gate.hold())],
  ['POST', '/sandbox/limit', ({ state, res }) => done(res, () => state.gate.limit())],
  ['POST', '/sandbox/unlimit', ({ state, res }) => done(res, () => state.gate.unlimit())],
  ['POST', '/sandbox/release', ({ state, res }) => done(res, () => state.gate.release())],
]

/** Answers one HTTP request; an unknown path is a 404, a wrong method a 405, both OpenAI-shaped. */
export function route(state: SandboxState, req: IncomingMessage, res: ServerResponse): void {
  try {
    if (isQuirky(req.url ?? '')) {
      routeQuirk(state, req, res)
      return
    }
    const path = pathOf(req.url ?? '/')
    const here = ROUTES.filter(([, pattern]) => matches(pattern, path))
    const found = here.find(([method]) => method === req.method)
    if (!found) throw notFound(req, res, here)
    const [, pattern, answer] = found
    answer({ state, req, res, id: decode(path.slice(pattern.length)) })
  } catch (error) {
    req.resume()
    sendProblem(res, error)
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return path.startsWith('/v1/') ? path.slice('/v1'.length) : path
}

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/')) return path === pattern
  return path.startsWith(pattern) && path.length > pattern.length
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    throw new Problem(400, 'The id is not valid percent-encoding.', null)
  }
}

function notFound(req: IncomingMessage, res: ServerResponse, here: readonly Route[]): Problem {
  const asked = `${req.method} ${req.url}`
  if (here.length === 0) return new Problem(404, `Invalid URL (${asked})`, 'unknown_url')
  res.setHeader('allow', here.map(([method]) => method).join(', '))
  return new Problem(405, `Not allowed: ${asked}`, 'method_not_supported')
}

function done(res: ServerResponse, act: () => void): void {
  act()
  sendJson(res, 200, '{"ok":true}')
}
