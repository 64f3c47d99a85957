import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as an upstream saw it. */
export type Seen = {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** The connection was closed, by whomever, before the answer was over. */
  gone: boolean
}

export type Upstream = {
  origin: string
  /** Chat completion requests, whole ones, in the order they came. */
  seen: Seen[]
  close(): Promise<void>
}

type Answer = (response: ServerResponse, request: Seen) => void

/** A plain HTTP server that reads each POST whole and then does what the test says. */
export async function startUpstream(answer: Answer): Promise<Upstream> {
  const seen: Seen[] = []
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const body = Buffer.concat(parts)
      if (method !== 'POST') return void response.writeHead(404).end('{}')
      const one: Seen = { method, path, headers, body, gone: false }
      response.once('close', () => {
        one.gone = !response.writableFinished
      })
      seen.push(one)
      answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

/** Writes the head of an event stream. */
export function openStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  return response
}

/** What every chunk says of its stream. */
export const CHUNK = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' }

/** The event of the first chunk of a stream, which has the role. */
export function opens(content: string): string {
  return says(content).replace('"delta":{', '"delta":{"role":"assistant",')
}

/** The event of a chunk that says something. */
export function says(content: string, finish: string | null = null): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: finish }]
  return event({ ...CHUNK, choices })
}

export function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const USAGE = { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 }

/** The event with the usage that Tollkeeper asks every stream for. */
export const USAGE_EVENT = event({ ...CHUNK, choices: [], usage: USAGE })

export const DONE = 'data: [DONE]\n\n'

/** Answers a request in one piece. */
export function answerWhole(response: ServerResponse, content = 'Hello'): void {
  const message = { role: 'assistant', content }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ object: 'chat.completion', model: 'm', choices, usage: USAGE }))
}

/** Answers a stream at once and completely. */
export function answerStream(response: ServerResponse, content = 'Hello'): void {
  openStream(response).end(opens(content) + says('', 'stop') + USAGE_EVENT + DONE)
}

/** Answers as the request asks. */
export function answerAsAsked(response: ServerResponse, { body }: Seen): void {
  if (JSON.parse(body.toString()).stream) answerStream(response)
  else answerWhole(response)
}
