import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from '../start/server-process.ts'

/** Micro-credits of the prompt alone. */
const PROMPT = 30_000

test('a stream whose process was killed is charged its last checkpoint by another instance', async () => {
  const proxy = await startProxy()
  const customer = await proxy.customer('1000')
  const victim = startServer({
    DATABASE_URL: proxy.databaseUrl,
    OPENAI_BASE_URL: proxy.sandbox.url,
    SECRET_KEY,
    ADMIN_TOKEN,
  })
  const origin = await victim.listening()
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sandbox-echo',
      stream: true,
      messages: [{ role: 'user', content: 'Hello there' }],
      sandbox: { reply_chars: 40_000, delay_ms: 20 },
    }),
  })
  const id = response.headers.get('x-request-id') as string
  response.text().catch(() => 'cut off by the kill')
  await eventually(async () => {
    const [hold] = await proxy.sql`select metered from holds where id = ${id}`
    return Number(hold?.metered) > PROMPT
  })
  await victim.stop('SIGKILL')

  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.state === 'settled' ? body : undefined
  }, 40)
  expect(record).toMatchObject({
    outcome: 'crashed',
    model: 'sandbox-echo',
    endpoint: '/v1/chat/completions',
  })
  const written = proxy.sandbox.calls.get(id)?.completionTokens as number
  const charged = Number(record.charged)
  expect(charged).toBeGreaterThan(0.03) // more than the prompt alone
  expect(charged).toBeLessThanOrEqual((3 + written) * 0.01)

  const account = (await proxy.admin('GET', `/accounts/${customer.accountId}`)).body
  expect(account.held).toBe('0')
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
  await proxy.close()
}, 90_000)
