import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An upstream that reads a request and then does what a test says: for faults without a card. */
export async function startUpstream(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume().once('end', () => answer(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers with one JSON document. */
export function json(document: unknown) {
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document))
  }
}

/** Answers with an event stream of these data, and ends it. */
export function events(...data: string[]) {
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(data.map((one) => `data: ${one}\n\n`).join(''))
  }
}

/** One chunk of a stream, as JSON. */
export function chunk(delta: object, finish: string | null = null, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices, ...more })
}
