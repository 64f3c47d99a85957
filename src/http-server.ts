import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { createClientErrorHandler } from './request/client-error.ts'

/** How every HTTP server of this process meets its connections, in Node's names. */
export const HTTP_OPTIONS = {
  /** Milliseconds a client may take for the headers, and for the whole request with its body. */
  headersTimeout: 10_000,
  requestTimeout: 120_000,
  /** Milliseconds between two looks for who takes longer. */
  connectionsCheckingInterval: 1_000,
  /** Longer than the idle timeout of load balancers: they never reuse a closed connection. */
  keepAliveTimeout: 75_000,
  requireHostHeader: false,
}

/** Milliseconds between two looks for connections that have fallen idle during a shutdown. */
const IDLE_CHECK_MS = 100

/** A server beside the one that Fastify makes, for the same app: it meets HTTP in the same way. */
export function createHttpServer(answer: RequestListener, log: FastifyBaseLogger): Server {
  const server = createServer(HTTP_OPTIONS, answer)
  server.on('clientError', createClientErrorHandler(log))
  answerExpectations(server, answer)
  return server
}

/** Answers an `Expect` that Node would answer by itself, with an empty body. */
export function answerExpectations(server: Server, answer: RequestListener): void {
  server.on('checkExpectation', answer)
}

/**
 * @returns the URL it listens on
 * @throws Error of Node, such as EADDRINUSE
 */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  await once(server.listen({ host, port }), 'listening')
  const { address, family, port: opened } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${opened}`
}

/**
 * Follows the connections of a server, to end the idle ones while it closes. Node looks for them
 * once, at the beginning, and passes by those that never sent a byte: the pool of a client opens
 * some to spare.
 * @returns begins to end them
 */
export function idleConnections(server: Server): () => void {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return () => {
    const timer = setInterval(() => {
      server.closeIdleConnections()
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, IDLE_CHECK_MS).unref()
    server.once('close', () => clearInterval(timer))
  }
}
