import { once } from 'node:events'
import { type Server, startServer } from './server.ts'

/** Requests at least. */
const REQUESTS = 200
const AT_ONCE = 10

/** Models of requests that go well and that fail, in turn; and one that is refused. */
const MODELS = [
  'sandbox-echo',
  'sandbox-error-500',
  'sandbox-no-usage',
  'sandbox-cut-midstream',
  '',
]

/**
 * A process under load, whose standard output is redirected so, and which then is told to stop.
 * @param during is called while the load runs; at least as many requests follow as came meanwhile
 * @returns the ids of all requests of the load
 */
export async function loadedRun(
  redirection: string,
  during: (server: Server) => Promise<void> = async () => {},
): Promise<Set<string>> {
  const server = await startServer(redirection)
  const key = await server.key('100000')
  const ids = new Set<string>()
  let sent = 0
  let wanted = Number.POSITIVE_INFINITY
  const work = async () => {
    while (sent < wanted) {
      sent += 1
      ids.add(await send(server, key, sent - 1))
    }
  }
  const watched = during(server).finally(() => {
    wanted = Math.max(REQUESTS, 2 * sent + 1)
  })
  await Promise.all([watched, ...Array.from({ length: AT_ONCE }, work)])
  const exit = once(server.child, 'exit')
  server.child.kill('SIGTERM')
  await exit
  await server.stop()
  return ids
}

async function send({ origin }: Server, key: string, n: number): Promise<string> {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: MODELS[n % MODELS.length],
      stream: n % 2 === 0,
      messages: [{ role: 'user', content: `line feed \n, quote " and é ${'ü'.repeat(n)}` }],
    }),
  })
  await response.text().catch(() => '') // a stream may be cut
  return response.headers.get('x-request-id') ?? ''
}
