/** The bare relay: hijacked reply, undici dispatch, raw writes, backpressure, and nothing else. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { type Dispatcher, Pool } from 'undici'

const BACKLOG = 4096
/** Headers that belong to one connection and not to the answer (RFC 9110 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer'])

const upstream = process.env.UPSTREAM
if (!upstream) throw new Error('UPSTREAM is not set')
const pool = new Pool(upstream)
const app = Fastify({ logger: false })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

app.post('/v1/chat/completions', (request, reply) => {
  reply.hijack()
  const { authorization = '' } = request.headers
  const headers = { authorization, 'content-type': 'application/json', accept: '*/*' }
  const body = request.body as Buffer
  pool.dispatch({ path: request.url, method: 'POST', headers, body }, relayTo(reply.raw))
})

await app.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG })
process.send?.({ port: (app.server.address() as AddressInfo).port })
process.on('disconnect', () => process.exit())

function relayTo(raw: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      raw.on('close', () => {
        if (!raw.writableFinished) controller.abort(new Error('client gone'))
      })
    },
    onResponseStart(_controller, status, headers) {
      raw.writeHead(status, endToEnd(headers))
    },
    onResponseData(controller, chunk) {
      if (raw.write(chunk)) return
      controller.pause()
      raw.once('drain', () => controller.resume())
    },
    onResponseEnd() {
      raw.end()
    },
    onResponseError(_controller, error) {
      if (raw.headersSent || raw.destroyed) raw.destroy(error)
      else raw.writeHead(502).end()
    },
  }
}

function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {}
  for (const name in headers) if (!HOP_BY_HOP.has(name)) kept[name] = headers[name]
  return kept
}
