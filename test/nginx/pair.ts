import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { createTestDatabase } from '../harness/database.ts'
import { freePort } from '../harness/free-port.ts'
import { type ProxyOptions, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { type Edits, type Nginx, type Ports, startNginx } from './nginx.ts'

export type Pair = {
  /** Two instances that share database and sandbox. */
  instances: [Tollkeeper, Tollkeeper]
  sandbox: Sandbox
  nginx: Nginx
  /** The base URL an SDK is given. */
  url: string
  /** Starts an instance again, on its port; the old one must be closed. */
  replace(index: 0 | 1): Promise<void>
  close(): Promise<void>
}

/** Two instances behind a real nginx. */
export async function startPair(edits: Edits = {}, env = {}): Promise<Pair> {
  const sandbox = await startSandbox()
  const { url: databaseUrl, sql } = await createTestDatabase()
  await sql.end()
  const shared: ProxyOptions = { sandbox, databaseUrl, env }
  const start = async () => startProxy({ ...shared, port: await freePort() })
  const instances: Pair['instances'] = [await start(), await start()]
  const nginx = await startNginx(instances.map(portOf) as Ports, edits)
  return {
    instances,
    sandbox,
    nginx,
    url: `${nginx.origin}/v1`,
    async replace(index) {
      instances[index] = await startProxy({ ...shared, port: portOf(instances[index]) })
    },
    async close() {
      await nginx.stop()
      await Promise.all(instances.map((instance) => instance.close()))
      await sandbox.close()
    },
  }
}

export function portOf({ origin }: Tollkeeper): number {
  return Number(new URL(origin).port)
}

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string }

/** A call that is under way. */
export type Call = {
  /** What each read of the socket has brought by now. */
  pieces: string[]
  /** Rejects when the connection breaks. */
  answer: Promise<Answer>
  hangUp(): void
  /** Stops reading, or goes on. */
  read(on: boolean): void
}

/** POST /v1/chat/completions on a connection of its own. */
export function post(url: string, key: string, body: object): Call {
  const call = request(`${url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const pieces: string[] = []
  let socket: Socket | undefined
  call.once('socket', (own) => {
    socket = own
  })
  const read = async (): Promise<Answer> => {
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    for await (const piece of response.setEncoding('utf8')) pieces.push(piece)
    const { statusCode = 0, headers } = response
    return { status: statusCode, headers, text: pieces.join('') }
  }
  const answer = read()
  answer.catch(() => {})
  call.end(JSON.stringify(body))
  return {
    pieces,
    answer,
    hangUp: () => call.destroy(),
    read: (on) => void (on ? socket?.resume() : socket?.pause()),
  }
}

/** A chat request to a card of the sandbox. */
export function ask(model: string, stream: boolean, sandbox: object = {}) {
  return { model, stream, messages: [{ role: 'user', content: 'Hello there' }], sandbox }
}
