import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'

test('a database started with another CREDITS_PER_USD refuses to start', async () => {
  const proxy = await startProxy()
  const { databaseUrl, sandbox } = proxy
  const start = (creditsPerUsd: string) =>
    startProxy({ databaseUrl, sandbox, env: { CREDITS_PER_USD: creditsPerUsd } })
  await expect(start('2000')).rejects.toThrow(/CREDITS_PER_USD is 2000.* started with 1000/)
  await (await start('1000')).close()
  await proxy.close()
})

test('the CREDITS_PER_USD of the first start prices every model', async () => {
  const proxy = await startProxy({ env: { CREDITS_PER_USD: '50' } })
  const price = { provider: 'openai', model: 'sandbox-echo', input: '2', output: '4' }
  expect((await proxy.admin('POST', '/prices', price)).status).toBe(201)
  const { key } = await proxy.customer('10')
  const messages = [{ role: 'user', content: 'Hello' }]
  const sandbox = { prompt_tokens: 1_000, completion_tokens: 500 }
  const response = await proxy.chat(key, { model: 'sandbox-echo', messages, sandbox })
  await response.text()
  // 1,000 x $2 / 1M + 500 x $4 / 1M = $0.004, at 50 credits a dollar
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record.charged).toBe('0.2')
  await proxy.close()
})
