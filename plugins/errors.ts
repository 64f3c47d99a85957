import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type ErrorCode, ProxyError, toProxyError } from '../src/errors.ts'
import { requestLine } from '../src/log/log-line.ts'
import { schemaFault } from '../src/routes/schema-fault.ts'
import { databaseError, isCancelled, isUnavailable } from '../src/store/sqlstate.ts'
import { errorHeaders } from '../src/wire/error-body.ts'
import { CHOICES_ERRORS, type ErrorShape, MESSAGES_ERRORS } from '../src/wire/error-shape.ts'
import { isMessagesPath, isOddPath } from '../src/wire/path.ts'

/** Fastify's own errors that are the client's fault, and what the catalogue calls them. */
const FRAMEWORK_ERRORS: Record<string, ErrorCode> = {
  FST_ERR_BAD_URL: 'unknown_url',
  FST_ERR_CTP_BODY_TOO_LARGE: 'request_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_http',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_MAX_PARAM_LENGTH: 'unknown_url',
  FST_ERR_VALIDATION: 'invalid_value', // or what its schema says
}

/** Only the admin API asks for what may take long. */
const TOO_LONG = 'Postgres gave this up: it took too long. Ask for less, such as a shorter time.'

const ODD_PATH = 'The path of a URL must not have ".." or NUL in it.'
const BASE_URL_QUERY =
  'Invalid URL: its path is in its query. The base URL must not contain a query string.'

/**
 * The only place that turns an error into bytes. Whatever is thrown, the answer has the shape of
 * an OpenAI error, and a 5xx says nothing of our insides.
 */
async function errors(app: FastifyInstance): Promise<void> {
  const known = knownPaths(app)

  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    const error = fromFramework(thrown)
    request.failure = error
    keepConnection(reply)
    return sendError(reply, error)
  })

  const notFound = (request: FastifyRequest, reply: FastifyReply): ProxyError => {
    const methods = known(request.url.split('?', 1)[0] as string)
    if (methods.length === 0) return unknownUrl(request)
    reply.header('allow', methods.join(', '))
    const message = `This URL does not support ${request.method}.`
    return new ProxyError('method_not_supported', { message })
  }
  const answerNotFound = (request: FastifyRequest, reply: FastifyReply) => {
    throw notFound(request, reply)
  }
  app.setNotFoundHandler(answerNotFound)
  app.decorate('answerNotFound', answerNotFound)

  // Before the body is read: whatever is wrong with it, the URL is the answer.
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') done(noWebSocket(reply))
    else if (isOddPath(request.url)) done(new ProxyError('bad_http', { message: ODD_PATH }))
    else if (request.is404) done(notFound(request, reply))
    else done(null, payload)
  })

  app.decorateRequest('failure', null)
}

/**
 * Fastify closes a connection whose body was refused. A client that still sends it would be reset
 * before it has read why: the rest is read and dropped instead (W-16). An error after which nothing
 * more can be read closes the connection by its own headers.
 */
function keepConnection(reply: FastifyReply): void {
  if (reply.getHeader('connection') === 'close') reply.removeHeader('connection')
}

/** Clients that try WebSocket first go on over HTTP when they are refused at once (W-7). */
function noWebSocket(reply: FastifyReply): ProxyError {
  reply.headers({ upgrade: 'HTTP/1.1', connection: 'upgrade, close' }) // RFC 9110, 15.5.22
  return new ProxyError('websocket_not_supported')
}

/** What a URL is answered that leads nowhere. */
export function unknownUrl({ method, url }: FastifyRequest): ProxyError {
  const [path = '', query = ''] = url.split('?', 2)
  const message = hasPath(query) ? BASE_URL_QUERY : `Invalid URL (${method} ${path.slice(0, 200)})`
  return new ProxyError('unknown_url', { message })
}

/** Whether the path of a request stands in its query: its base URL had a query (W-5). */
function hasPath(query: string): boolean {
  return /(\/|%2f)[a-z]/i.test(query)
}

/** Answers with an error of the catalogue. */
export function sendError(reply: FastifyReply, error: ProxyError): FastifyReply {
  const { request } = reply
  reply.header('x-request-id', request.id) // no hook has run for a URL that can not be read
  const body = shapeOf(request).body(error, request.id)
  return reply.code(error.status).headers(errorHeaders(error)).send(body)
}

/** How the API that was asked tells of an error; OpenAI's, where none was. */
function shapeOf({ routeOptions, url }: FastifyRequest): ErrorShape {
  const { endpoint } = routeOptions.config
  return endpoint?.errors ?? (isMessagesPath(url) ? MESSAGES_ERRORS : CHOICES_ERRORS)
}

/** Answers a URL that the router can not read. */
export function frameworkErrors(
  thrown: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const failure = fromFramework(thrown)
  const facts = { endpoint: null, status: failure.status, isWhole: true, durationMs: 0, failure }
  request.log.warn(requestLine(facts), 'request')
  void sendError(reply, failure)
}

function fromFramework(thrown: FastifyError): ProxyError {
  const code = FRAMEWORK_ERRORS[thrown.code] ?? (isClientFault(thrown) ? 'bad_http' : undefined)
  if (code === undefined) {
    const cause = databaseError(thrown)
    if (isCancelled(cause)) {
      return new ProxyError('ledger_unavailable', { message: TOO_LONG, cause })
    }
    if (isUnavailable(cause)) return new ProxyError('ledger_unavailable', { cause })
    return toProxyError(cause)
  }
  if (thrown.validation === undefined) return new ProxyError(code, { cause: thrown })
  return schemaFault(thrown.validation, thrown.validationContext ?? 'request', thrown)
}

/** Such as a body that broke off: Fastify gives an error a status, and ours have none. */
function isClientFault({ statusCode = 500 }: FastifyError): boolean {
  return statusCode >= 400 && statusCode < 500
}

/** Remembers every route, to tell a wrong method from an unknown path. */
function knownPaths(app: FastifyInstance): (path: string) => string[] {
  const routes: { pattern: RegExp; method: string }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const source = url
      .split('/')
      .map((part) => (part === '*' ? '.+' : part.startsWith(':') ? '[^/]+' : RegExp.escape(part)))
      .join('/')
    for (const one of [method].flat())
      routes.push({ pattern: new RegExp(`^${source}$`), method: one })
  })
  return (path) => routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Not-found handler, for a scope whose own hooks are to run before it. Throws. */
    answerNotFound(request: FastifyRequest, reply: FastifyReply): void
  }
  interface FastifyRequest {
    /** The error this request was answered with, for the log. */
    failure: ProxyError | null
  }
}

export default fp(errors, { name: 'errors' })
