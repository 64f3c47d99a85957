import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FaultProxy } from '../harness/fault-proxy.ts'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from '../start/server-process.ts'

test('a process that is told to stop while Postgres is away ends, and the next one settles', async () => {
  const proxy = await startProxy()
  const customer = await proxy.customer('1000')
  const link = await FaultProxy.start(proxy.databaseUrl)
  const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-outage-'))
  const env = {
    DATABASE_URL: link.url,
    OPENAI_BASE_URL: proxy.sandbox.url,
    DATA_DIR: dataDir,
    DRAIN_TIMEOUT_MS: '500',
    SECRET_KEY,
    ADMIN_TOKEN,
  }
  const leaver = startServer(env)
  const origin = await leaver.listening()
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sandbox-echo',
      stream: true,
      messages: [{ role: 'user', content: 'Hello there' }],
      sandbox: { reply_chars: 160, delay_ms: 25, prompt_tokens: 9 },
    }),
  })
  const id = response.headers.get('x-request-id') as string
  link.pause()
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  expect(await leaver.stop('SIGTERM')).toBe(1)
  expect(leaver.stdout()).toContain('not ended in time')
  link.resume()
  const heir = startServer(env)
  await heir.listening()
  // Until then another instance has settled it at its last checkpoint.
  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.outcome === 'completed' ? body : undefined
  }, 40)
  expect(record).toMatchObject({ state: 'settled', charged: '0.49' })
  expect(await heir.stop('SIGTERM')).toBe(0)
  await link.close()
  await proxy.close()
  await rm(dataDir, { recursive: true })
}, 120_000)

test.each([
  ['the head', 'POST /v1/chat/comp'],
  ['the body', 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"mod'],
])(
  'a client that stopped in %s of its request keeps no process from ending',
  async (_, sent) => {
    const proxy = await startProxy()
    const { key } = await proxy.customer('10')
    const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-outage-'))
    const leaver = startServer({
      DATABASE_URL: proxy.databaseUrl,
      OPENAI_BASE_URL: proxy.sandbox.url,
      DATA_DIR: dataDir,
      SECRET_KEY,
      ADMIN_TOKEN,
    })
    const { hostname, port } = new URL(await leaver.listening())
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.write(sent.replace('host: x', `host: x\r\nauthorization: Bearer ${key}`))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await leaver.stop('SIGTERM')).toBe(0)
    expect(await proxy.sql`select from instances where state = 'dead'`).toHaveLength(1)
    socket.destroy()
    await proxy.close()
    await rm(dataDir, { recursive: true })
  },
  120_000,
)
