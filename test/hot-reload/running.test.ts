import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { watch } from '../relay/client.ts'
import {
  DONE,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
  USAGE_EVENT,
} from '../relay/upstream.ts'
import { ask, LOOPBACK, putModel, putPrice, putProvider, say } from '../routing/setup.ts'

/** Begins every stream, and ends it when the test says so. */
let acme: Upstream
let finish = () => {}
let proxy: Tollkeeper
beforeAll(async () => {
  acme = await startUpstream((response) => {
    openStream(response).write(opens('Hello'))
    finish = () => response.end(says('', 'stop') + USAGE_EVENT + DONE)
  })
  proxy = await startProxy({ env: LOOPBACK })
})
afterAll(async () => {
  await proxy.close()
  await acme.close()
})

test('a stream that runs when its provider is deleted goes on, at the rate it began with', async () => {
  await putProvider(proxy, 'acme', { url: acme.origin })
  await putModel(proxy, 'm', [{ provider: 'acme', upstream_model: 'any' }])
  const price = await putPrice(proxy, 'acme', 'any', { input: '100', output: '100' })
  const { key, accountId } = await proxy.customer('1000')
  const running = watch(proxy, key, say('m', { stream: true }))
  await running.until('"content":"')

  await putPrice(proxy, 'acme', 'any', { input: '9000', output: '9000' })
  await putModel(proxy, 'm', [{ provider: 'openai', upstream_model: 'sandbox-echo' }])
  expect((await proxy.admin('DELETE', '/providers/acme')).status).toBe(200)
  await eventually(() => !proxy.app.database.catalogue().providers.has('acme') || undefined)
  const next = await ask(proxy, key, say('m'), { environment: proxy.sandbox })
  expect([next.status, next.asked]).toEqual([200, ['environment']])
  expect(running.ended()).toBeNull()
  expect(acme.seen).toHaveLength(1)
  finish()

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
