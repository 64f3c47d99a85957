import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Scripted = {
  /** Its base URL, at 127.0.0.1. */
  url: string
  port: number
  /** The requests it got, as `METHOD path`, with the header of the key. */
  seen: { line: string; authorization: string | undefined }[]
  close(): Promise<void>
}

/** An upstream that answers every request as it is told. */
export async function startScripted(
  answer: (req: IncomingMessage, res: ServerResponse, body: string) => void,
): Promise<Scripted> {
  const seen: Scripted['seen'] = []
  const server = createServer(async (req, res) => {
    const { authorization } = req.headers
    seen.push({ line: `${req.method} ${req.url}`, authorization })
    let body = ''
    for await (const chunk of req) body += chunk
    answer(req, res, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    seen,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(value))
}
