import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { answerWhole, DONE, opens, says, USAGE_EVENT } from '../relay/upstream.ts'

/** What an upstream says of itself, and none of which is ours to say. */
const LEAKS = [
  'Set-Cookie: session=1; Path=/; Secure',
  'Set-Cookie: other=2',
  'Location: http://10.0.0.1/',
  'Strict-Transport-Security: max-age=63072000',
  'Access-Control-Allow-Origin: *',
  'Access-Control-Allow-Credentials: true',
  'Content-Security-Policy: default-src *',
  'Clear-Site-Data: "*"',
  'Refresh: 0; url=http://10.0.0.1/',
  'Link: </x>; rel=preload',
  'Server: theirs',
  'Via: 1.1 theirs',
  'X-Powered-By: theirs',
  'Trailer: x-theirs',
  'Keep-Alive: timeout=9999',
  'X-Latin: caf\xe9',
]

/** Heads that no upstream may send. */
const BROKEN = {
  'a thousand headers': Array.from({ length: 1_000 }, (_, at) => `x-${at}: ${'v'.repeat(40)}`),
  'one endless header': [`x-long: ${'v'.repeat(40_000)}`],
  'a bare carriage return in a value': ['x-split: a\rset-cookie: evil=1'],
  'a NUL in a value': ['x-nul: a\0b'],
  'a space before the colon': ['x-space : a'],
  'a folded value': ['x-folded: a\r\n\tset-cookie: evil=1'],
  'two lengths': ['content-length: 2', 'content-length: 3'],
}

const ALLOWED = [
  ...['connection', 'content-type', 'content-length', 'date', 'keep-alive', 'x-request-id'],
  ...['cache-control', 'transfer-encoding', 'x-accel-buffering', 'x-should-retry'],
]

let server: Server
let lines: string[] = []
let type = 'application/json'
let body = ''
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      const head = ['HTTP/1.1 200 OK', `Content-Type: ${type}`, ...lines, 'Connection: close']
      socket.end(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  proxy = await startProxy({ env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  server.close()
})

const ENDPOINTS = [
  ['/chat/completions', 'application/json', wholeBody(), {}],
  ['/chat/completions', 'text/event-stream', streamBody(), { stream: true }],
  ['/audio/speech', 'audio/mpeg', 'ID3', { input: 'Hi', voice: 'alloy' }],
  ['/embeddings', 'application/json', '{"data":[{"embedding":[1]}]}', { input: 'Hi' }],
] as const

async function call(path: string, more: object) {
  const messages = [{ role: 'user', content: 'Hi' }]
  const isChat = path === '/chat/completions'
  const response = await fetch(`${proxy.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', ...(isChat && { messages }), ...more }),
  })
  return { response, text: await response.text() }
}

test.for(ENDPOINTS)(
  'of the headers of an answer to %s as %s none passes but ours',
  async ([path, contentType, content, more]) => {
    lines = LEAKS
    type = contentType
    body = content
    const { response, text } = await call(path, more)
    expect(response.status, text).toBe(200)
    expect([...response.headers.keys()].filter((name) => !ALLOWED.includes(name))).toEqual([])
    expect(JSON.stringify([...response.headers])).not.toMatch(/theirs|10\.0\.0\.1|session|=9999/)
  },
)

test.for(Object.entries(BROKEN))('%s is a 502, with nothing of it', async ([, broken]) => {
  lines = broken
  for (const [path, contentType, content, more] of ENDPOINTS) {
    type = contentType
    body = content
    const { response, text } = await call(path, more)
    expect([path, response.status], text).toEqual([path, 502])
    expect([...response.headers.keys()].filter((name) => !ALLOWED.includes(name))).toEqual([])
    expect(text).not.toContain('evil')
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    expect(record).toMatchObject({ charged: '0', error: { code: 'upstream_error' } })
  }
})

function wholeBody(): string {
  let written = ''
  const response = { writeHead: () => {}, end: (text: string) => (written = text) }
  answerWhole(response as unknown as Parameters<typeof answerWhole>[0])
  return written
}

function streamBody(): string {
  return opens('Hello') + says('', 'stop') + USAGE_EVENT + DONE
}
