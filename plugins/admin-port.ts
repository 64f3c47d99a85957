import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { idleConnections } from '../src/http/idle-connections.ts'
import { createHttpServer } from '../src/http/server.ts'
import { unknownUrl } from './errors.ts'

/** What is served on both ports, and what on the public one alone; the rest is the operator's. */
const HEALTH = /^\/(healthz|readyz)(?=[/?]|$)/
const CLIENT_API = /^\/v1(?=[/?]|$)/

/**
 * A port of the operator's own: what it serves does not exist on the public one, and the client
 * API does not exist here. Requests are told apart by the server whose socket they came on.
 */
async function adminPort(app: FastifyInstance, { port }: { port: number | null }): Promise<void> {
  app.decorate('adminServer', null)
  if (port === null) return
  const sockets = new WeakSet<Socket>()
  const server = createHttpServer(app.routing, app.log)
  server.on('connection', (socket) => sockets.add(socket))
  const endIdle = idleConnections(server)
  app.adminServer = server

  app.addHook('onRequest', async (request) => {
    const path = request.routeOptions.url ?? request.url // a route also where its path is encoded
    const isOperators = sockets.has(request.raw.socket)
    if (!HEALTH.test(path) && CLIENT_API.test(path) === isOperators) throw unknownUrl(request)
  })
  app.addHook('preClose', async () => {
    endIdle()
    await new Promise((resolve) => server.close(resolve))
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What is to listen on ADMIN_PORT; null where the public port serves all. */
    adminServer: Server | null
  }
}

export default fp(adminPort, { name: 'admin-port', dependencies: ['errors', 'observability'] })
