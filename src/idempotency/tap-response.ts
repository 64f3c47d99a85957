import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** What hears an answer as it is written, whoever writes it. */
export type ResponseListener = {
  head(status: number, headers: OutgoingHttpHeaders): void
  /** Bytes of the body. */
  data(piece: Uint8Array): void
  /** The body is over: its last bytes are about to be written. */
  end(): void
}

type Write = (piece?: unknown, ...rest: unknown[]) => unknown

/**
 * Listens to everything that is written to a response. Streams write to the raw response and JSON
 * goes through Fastify: this is where both pass, byte for byte as the client gets them.
 */
export function tapResponse(response: ServerResponse, listener: ResponseListener): void {
  const writeHead = response.writeHead.bind(response) as (...all: unknown[]) => ServerResponse
  const write = response.write.bind(response) as Write
  const end = response.end.bind(response) as Write
  Object.assign(response, {
    writeHead(status: number, ...rest: unknown[]) {
      listener.head(status, rest.at(-1) as OutgoingHttpHeaders)
      return writeHead(status, ...rest)
    },
    write(piece: unknown, ...rest: unknown[]) {
      hear(piece)
      return write(piece, ...rest)
    },
    end(piece?: unknown, ...rest: unknown[]) {
      hear(piece)
      listener.end()
      return end(piece, ...rest)
    },
  })

  function hear(piece: unknown): void {
    if (typeof piece === 'string') listener.data(Buffer.from(piece))
    else if (piece instanceof Uint8Array) listener.data(piece)
  }
}
