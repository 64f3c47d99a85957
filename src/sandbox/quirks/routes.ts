import type { IncomingMessage, ServerResponse } from 'node:http'
import { CARDS } from '../cards/cards.ts'
import { listModels } from '../models.ts'
import { Problem, sendJson } from '../problem.ts'
import type { SandboxState } from '../state.ts'
import { findQuirk, QUIRKS } from './catalogue.ts'
import { answerQuirkyChat } from './chat.ts'
import { sendPage, sendStyled } from './problem-style.ts'
import type { Quirk } from './quirk.ts'

const PATH = '/quirks'
const CHAT = '/chat/completions'
const MODELS = '/models'

/** Whether a URL is for one of the quirky servers. */
export function isQuirky(url: string): boolean {
  return url === PATH || url.startsWith(`${PATH}/`)
}

/**
 * Answers one HTTP request as the server that its path names: /quirks/<name><prefix><endpoint>.
 * GET /quirks lists them all.
 */
export function routeQuirk(state: SandboxState, req: IncomingMessage, res: ServerResponse): void {
  const url = new URL(`http://sandbox${req.url}`)
  const [, , name = '', ...rest] = url.pathname.split('/')
  const quirk: Quirk | null = findQuirk(name)
  try {
    if (name === '') listQuirks(req, res)
    else if (quirk === null) throw new Problem(404, `There is no server '${name}'.`, 'unknown_url')
    else serve(state, quirk, { name, path: ['', ...rest].join('/'), url, req, res })
  } catch (error) {
    req.resume()
    sendStyled(res, error, quirk?.errors ?? null)
  }
}

type Visit = {
  name: string
  path: string
  url: URL
  req: IncomingMessage
  res: ServerResponse
}

function serve(state: SandboxState, quirk: Quirk, { name, path, url, req, res }: Visit): void {
  const { prefix = '/v1', page, redirectsTo, models } = quirk
  if (page !== undefined) {
    req.resume()
    sendPage(res, page)
    return
  }
  const endpoint = path.startsWith(prefix) ? path.slice(prefix.length) : ''
  if (req.method === 'POST' && endpoint === CHAT) {
    answerQuirkyChat(state, quirk, req, res, () => refuseStranger(quirk, req, url))
    return
  }
  req.resume()
  if (redirectsTo !== undefined && endpoint !== MODELS) {
    const target = redirectsTo === prefix && path.endsWith(CHAT) ? CHAT : ''
    res.writeHead(308, { location: `${PATH}/${name}${redirectsTo}${target}` }).end()
    return
  }
  if (req.method !== 'GET' || endpoint !== MODELS || models === 'missing') {
    throw new Problem(404, `Invalid URL (${req.method} ${req.url})`, 'unknown_url')
  }
  refuseStranger(quirk, req, url)
  if (models === 'bare') sendJson(res, 200, JSON.stringify(Object.keys(CARDS).map(bareModel)))
  else listModels(res)
}

/** Throws a Problem for who has not the key, or does not say the version. */
function refuseStranger({ key, query }: Quirk, req: IncomingMessage, url: URL): void {
  if (key !== undefined && req.headers[key] === undefined) {
    throw new Problem(401, 'Incorrect API key provided.', 'invalid_api_key')
  }
  if (query !== undefined && !url.searchParams.has(query)) {
    throw new Problem(400, `Missing required query parameter: ${query}`, 'invalid_value')
  }
}

function listQuirks(req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  const data = Object.entries<Quirk>(QUIRKS).map(([id, { says }]) => ({ id, description: says }))
  sendJson(res, 200, JSON.stringify({ object: 'list', data }))
}

function bareModel(id: string): object {
  return { id, object: 'model' }
}
