/**
 * The upstream, a process of its own. It speaks just enough HTTP/1.1 on plain sockets, because a
 * node:http server would take more of the core it shares with the load generator than nginx takes
 * of its own, and the proxies would never be busy.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { answer } from './answer.ts'
import { takeRequest } from './request.ts'

const BACKLOG = 4096

const server = createServer({ noDelay: true }, serve)
server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit())
// The parent decides when this ends; a Ctrl-C in the terminal reaches the parent too.
process.on('SIGINT', () => {})

function serve(socket: Socket): void {
  let rest: Buffer | null = null
  let busy = false

  const next = (): void => {
    while (!busy && rest) {
      const request = takeRequest(rest)
      if (!request) return
      rest = request.size < rest.length ? rest.subarray(request.size) : null
      busy = true
      answer(socket, request.method, request.body, finished)
    }
  }
  const finished = (): void => {
    busy = false
    if (rest) next()
  }
  socket.on('data', (data: Buffer) => {
    rest = rest ? Buffer.concat([rest, data]) : data
    try {
      next()
    } catch (error) {
      socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      process.stderr.write(`bench upstream: ${String(error)}\n`)
    }
  })
  socket.on('error', () => socket.destroy())
}
