import { connect } from 'node:net'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'

/**
 * Sends bytes as they are over a socket of their own, and reads the answer until the server
 * closes: what no HTTP client would send. A server that has answered may reset what is still sent.
 */
export async function sendRaw(proxy: Pick<Tollkeeper, 'origin'>, ...pieces: (string | Buffer)[]) {
  const { hostname, port } = new URL(proxy.origin)
  const socket = connect(Number(port), hostname)
  for (const piece of pieces) socket.write(piece)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => resolve())
    socket.once('error', (error) => (chunks.length > 0 ? resolve() : reject(error)))
  })
  return readResponse(Buffer.concat(chunks).toString())
}

function readResponse(text: string): Response {
  const [head = '', ...body] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const status = Number(statusLine.match(/^HTTP\/1\.1 (\d{3}) /)?.[1])
  const headers = lines.map((line) => line.split(/: (.*)/, 2) as [string, string])
  return new Response(body.join('\r\n\r\n'), { status, headers })
}

/** The head of a raw POST /v1/chat/completions whose connection closes after the answer. */
export function postHead(key: string, ...more: string[]): string {
  return [
    'POST /v1/chat/completions HTTP/1.1',
    'host: tollkeeper',
    'connection: close',
    `authorization: Bearer ${key}`,
    ...more,
    '\r\n',
  ].join('\r\n')
}
