import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { watch } from '../relay/client.ts'
import { ask, LOOPBACK, putModel, putPrice, putProvider, say } from '../routing/setup.ts'

let acme: Sandbox
let proxy: Tollkeeper
beforeAll(async () => {
  acme = await startSandbox()
  proxy = await startProxy({ env: LOOPBACK })
})
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

test('a stream that runs when its provider is deleted goes on, at the rate it began with', async () => {
  await putProvider(proxy, 'acme', acme)
  await putModel(proxy, 'm', [{ provider: 'acme', upstream_model: 'sandbox-slow' }])
  const price = await putPrice(proxy, 'acme', 'sandbox-slow', { input: '100', output: '100' })
  const { key, accountId } = await proxy.customer('1000')
  const running = watch(proxy, key, say('m', { stream: true, sandbox: { reply_chars: 60 } }))
  await running.until('"content":"')

  await putPrice(proxy, 'acme', 'sandbox-slow', { input: '9000', output: '9000' })
  await putModel(proxy, 'm', [{ provider: 'openai', upstream_model: 'sandbox-echo' }])
  expect((await proxy.admin('DELETE', '/providers/acme')).status).toBe(200)
  await eventually(() => !proxy.app.database.catalogue().providers.has('acme') || undefined)
  const next = await ask(proxy, key, say('m'), { acme, environment: proxy.sandbox })
  expect([next.status, next.asked]).toEqual([200, ['environment']])
  expect(running.ended()).toBeNull()

  await running.end()
  expect(running.body()).toMatch(/data: \[DONE\]\n\n$/)
  const id = running.head()?.headers['x-request-id'] as string
  const record = await proxy.settled(id)
  expect(record).toMatchObject({ outcome: 'completed', provider: 'acme', price_id: price })
  const tokens = record.prompt_tokens + record.completion_tokens
  expect(Number(record.charged)).toBeCloseTo((tokens * 100) / 1_000, 6)
  const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(body.held).toBe('0')
})
