import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Milliseconds between two looks for connections that have fallen idle during a shutdown. */
const IDLE_CHECK_MS = 100

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
