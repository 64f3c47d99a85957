import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { createClientErrorHandler } from './client-error.ts'

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
