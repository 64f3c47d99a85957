import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A plain TCP relay before an upstream, that notes what it answers, byte for byte. */
export type Tap = {
  /** http://127.0.0.1:PORT */
  origin: string
  /** Forgets what was heard so far. */
  forget(): void
  /** What the upstream has said since, with the chunks of HTTP put together. */
  heard(): string
  /** Connections on which it has said something since, and that are still open. */
  open(): number
  close(): Promise<void>
}

type Line = { client: Socket; heard: Buffer[]; isOpen: boolean }

/** The line between two chunks of a body; its text has no such line where it is JSON or SSE. */
const CHUNK_SIZE = /\r\n[0-9a-f]+\r\n/gi

export async function openTap(port: number): Promise<Tap> {
  let lines: Line[] = []
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const line: Line = { client, heard: [], isOpen: true }
    lines.push(line)
    target.on('data', (bytes) => line.heard.push(bytes))
    client.once('close', () => {
      line.isOpen = false
    })
    join(client, target)
    join(target, client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const used = () => lines.filter(({ heard }) => heard.length > 0)
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forget() {
      lines = lines.filter(({ isOpen }) => isOpen)
      for (const line of lines) line.heard = []
    },
    heard: () => used().map(textOf).join('\n'),
    open: () => used().filter(({ isOpen }) => isOpen).length,
    close() {
      for (const { client } of lines) client.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function textOf({ heard }: Line): string {
  return Buffer.concat(heard).toString('latin1').replaceAll(CHUNK_SIZE, '')
}

/** What one side says or does, the other gets: bytes, the end, the loss of the connection. */
function join(from: Socket, to: Socket): void {
  from.setNoDelay(true)
  from.pipe(to)
  from.on('error', () => to.destroy())
  from.once('close', () => to.destroySoon())
}
