import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/** What a proxy was asked for. */
export type Asked = { line: string; authorization: string | undefined }

/** A proxy as companies have them: CONNECT for TLS, whole URLs for plain HTTP. */
export type ForwardProxy = {
  port: number
  asked: Asked[]
  /** Everything that clients sent through its tunnels. */
  tunnelled(): string
  /** What it answers instead of doing its work; null for that. */
  refuse(status: number | null): void
  close(): Promise<void>
}

/** @param portOf the port at 127.0.0.1 that a host leads to, as this proxy resolves names */
export async function startForwardProxy(portOf: (host: string) => number): Promise<ForwardProxy> {
  const asked: Asked[] = []
  const bytes: Buffer[] = []
  let refusal: number | null = null
  const note = ({ method, url, headers }: IncomingMessage) =>
    asked.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] })

  const server = createServer((incoming, response) => {
    note(incoming)
    if (refusal !== null) return void response.writeHead(refusal).end('no')
    forward(incoming, response, portOf)
  })
  server.on('connect', (incoming: IncomingMessage, client) => {
    note(incoming)
    client.on('error', () => {})
    if (refusal !== null) return client.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`)
    const upstream = connect(portOf(incoming.url ?? ''), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.on('data', (chunk: Buffer) => bytes.push(chunk))
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    tunnelled: () => Buffer.concat(bytes).toString('latin1'),
    refuse: (status) => {
      refusal = status
    },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  portOf: (host: string) => number,
): void {
  const url = new URL(incoming.url ?? '')
  const { 'proxy-authorization': _, ...headers } = incoming.headers
  const path = url.pathname + url.search
  const { method = 'GET' } = incoming
  const outgoing = request({ host: '127.0.0.1', port: portOf(url.host), method, path, headers })
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  incoming.pipe(outgoing)
}
