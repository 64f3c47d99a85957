import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendRaw } from '../bad-input/raw-request.ts'
import { runCli } from '../cli/tollkeeper.ts'
import { chunk, startUpstream } from '../failures/scripted-upstream.ts'
import { expectError } from '../harness/error-answer.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const TOKEN = { authorization: `Bearer ${ADMIN_TOKEN}` }
const UNKNOWN = { status: 404, code: 'unknown_url', type: 'invalid_request_error' }

/** Another instance, whose database and sandbox the process shares. */
let other: Tollkeeper
let customer: Customer
let folder: string
let server: ServerProcess
let ports: Ports
beforeAll(async () => {
  other = await startProxy()
  customer = await other.customer('100')
  folder = await mkdtemp(join(tmpdir(), 'tollkeeper-admin-port-'))
  server = start()
  ports = await portsOf(server)
})
afterAll(async () => {
  await server.stop('SIGTERM')
  await other.close()
  await rm(folder, { recursive: true })
})

function start(env: Record<string, string> = {}): ServerProcess {
  return startServer({
    DATABASE_URL: other.databaseUrl,
    OPENAI_BASE_URL: other.sandbox.url,
    DATA_DIR: folder,
    ADMIN_PORT: '0',
    SECRET_KEY,
    ADMIN_TOKEN,
    ...env,
  })
}

type Ports = { open: string; admin: string }

/** Where it listens, as its log has it. */
async function portsOf(one: ServerProcess): Promise<Ports> {
  const open = await one.listening()
  const admin = await eventually(() => one.stdout().match(/"admin_address":"(http:[^"]+)"/)?.[1])
  return { open, admin }
}

test.each([
  ['GET', '/admin/accounts'],
  ['GET', '/%61dmin/accounts'],
  ['POST', '//admin//accounts/'],
  ['GET', '/admin/no-such-thing'],
  ['GET', '/metrics'],
  ['HEAD', '/metrics'],
  ['DELETE', '/metrics'],
  ['GET', '/docs'],
  ['GET', '/docs/json'],
  ['GET', '/docs/static/swagger-ui.css'],
])('with an admin port, %s %s does not exist on the public one', async (method, path) => {
  const response = await fetch(ports.open + path, { method, headers: TOKEN })
  expect(response.headers.get('allow')).toBeNull()
  if (method === 'HEAD') expect(response.status).toBe(404)
  else await expectError(response, UNKNOWN)
})

test('a URL in its absolute form leads from the public port to no admin API either', async () => {
  const head = `GET http://x/admin/accounts HTTP/1.1\r\nauthorization: ${TOKEN.authorization}\r\n`
  const sent = `${head}connection: close\r\n\r\n`
  await expectError(await sendRaw({ origin: ports.open }, sent), UNKNOWN)
  expect((await sendRaw({ origin: ports.admin }, sent)).status).toBe(200)
})

test('the admin port has metrics and the reference without a token, the API with one', async () => {
  for (const path of ['/metrics', '/docs', '/docs/json', '/docs/static/swagger-ui.css']) {
    expect((await fetch(ports.admin + path)).status, path).toBe(200)
  }
  const shut = await fetch(`${ports.admin}/admin/accounts`)
  await expectError(shut, { status: 401, code: 'invalid_api_key' })
  expect((await fetch(`${ports.admin}/admin/accounts`, { headers: TOKEN })).status).toBe(200)
})

test.each(['/v1/chat/completions', '/chat/completions', '/v1/v1/models', '/v1/nothing', '/v1'])(
  'the client API does not exist on an admin port: %s',
  async (path) => {
    const headers = { authorization: `Bearer ${customer.key}` }
    await expectError(await fetch(ports.admin + path, { method: 'POST', headers }), UNKNOWN)
  },
)

test('the client API is served on the public port, and health on both', async () => {
  const headers = { authorization: `Bearer ${customer.key}` }
  expect((await fetch(`${ports.open}/models`, { headers })).status).toBe(200)
  for (const origin of Object.values(ports)) {
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    expect((await fetch(`${origin}/readyz`)).status).toBe(200)
  }
})

test('the command line finds the admin API by ADMIN_PORT', async () => {
  const { port } = new URL(ports.admin)
  const env = { ADMIN_PORT: port, PORT: new URL(ports.open).port, ADMIN_TOKEN }
  expect((await runCli(['tier', 'list'], { env, cwd: folder })).code).toBe(0)
})

test('an admin port meets what is not HTTP, or wants something odd, as the public one does', async () => {
  for (const origin of Object.values(ports)) {
    const bad = await sendRaw({ origin }, 'Good morning\r\n\r\n')
    await expectError(bad, { status: 400, code: 'bad_http' })
    const expecting = 'GET /healthz HTTP/1.1\r\nexpect: the best\r\nconnection: close\r\n\r\n'
    expect((await sendRaw({ origin }, expecting)).status).toBe(200)
  }
})

test('with ADMIN_TOKEN=off an admin port serves health alone', async () => {
  const off = start({ ADMIN_TOKEN: 'off' })
  const { open, admin } = await portsOf(off)
  for (const origin of [open, admin]) {
    for (const path of ['/admin/accounts', '/metrics', '/docs']) {
      await expectError(await fetch(origin + path), UNKNOWN)
    }
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  }
  expect(await off.stop('SIGTERM')).toBe(0)
})

test('an admin port answers until the drain is over, and keeps no process from ending', async () => {
  const asked = Promise.withResolvers<ServerResponse>()
  const upstream = await startUpstream(asked.resolve)
  const leaver = start({ OPENAI_BASE_URL: upstream.url })
  const { open, admin } = await portsOf(leaver)
  const sent = fetch(`${open}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'any',
      stream: true,
      messages: [{ role: 'user', content: 'Hello there' }],
    }),
  })
  const answer = (await asked.promise).writeHead(200, { 'content-type': 'text/event-stream' })
  answer.write(`data: ${chunk({ content: 'Hello' })}\n\n`)
  const stream = await sent
  const stuck = connect(Number(new URL(admin).port), '127.0.0.1').on('error', () => {})
  stuck.write('GET /healthz HT')
  const code = leaver.stop('SIGTERM')
  await eventually(() => leaver.stdout().includes('"msg":"stopping"') || undefined)
  expect((await fetch(`${admin}/healthz`)).status).toBe(200)
  await expectError(await fetch(`${admin}/readyz`), { status: 503, code: 'shutting_down' })
  expect((await fetch(`${admin}/admin/accounts`, { headers: TOKEN })).status).toBe(200)
  expect((await fetch(`${admin}/metrics`)).status).toBe(200)
  answer.end(`data: ${chunk({}, 'stop')}\n\ndata: [DONE]\n\n`)
  expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/)
  expect(await code).toBe(0)
  stuck.destroy()
  await upstream.close()
})
