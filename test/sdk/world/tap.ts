import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A plain TCP relay in front of one server, that counts the HTTP requests of one key. */
export type Tap = {
  /** http://127.0.0.1:PORT */
  origin: string
  requests(): number
  close(): Promise<void>
}

/** A client writes the head of a request at once, so a packet begins with it. */
const REQUEST_HEAD = /^(GET|POST|PUT|PATCH|DELETE|HEAD) \S+ HTTP\/1\.1\r\n/
/** Bytes in which the method, the path and the key of a request are. */
const HEAD_BYTES = 4_096

/**
 * Opens a tap in front of `http://127.0.0.1:<port>`, for one call of one client. Others may come
 * by, whose own server had the port before: only requests that carry the key are counted.
 */
export async function openTap(port: number, key: string): Promise<Tap> {
  let requests = 0
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    client.on('data', (bytes) => {
      const head = bytes.toString('latin1', 0, HEAD_BYTES)
      if (REQUEST_HEAD.test(head) && head.includes(key)) requests += 1
    })
    join(client, target)
    join(target, client)
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** What one side says or does, the other gets: bytes, the end, the loss of the connection. */
function join(from: Socket, to: Socket): void {
  from.setNoDelay(true)
  from.pipe(to)
  from.on('error', () => to.destroy())
  from.once('close', () => to.destroySoon())
}
