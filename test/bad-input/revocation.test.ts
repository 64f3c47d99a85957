import { expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { bearer, GOOD } from './setup.ts'

/** The one promise about time in this folder: how long a revoked key may still work. */
const PROMISE_MS = 1_000

const models = (proxy: Tollkeeper, key: string) =>
  fetch(`${proxy.url}/models`, { headers: bearer(key) })

/**
 * Asks over and over until the key is refused; tells when the last request was sent that was not.
 * When its answer comes is another matter: on a machine that stalls, late.
 */
async function refusal(proxy: Tollkeeper, key: string) {
  for (let servedAt = 0; ; ) {
    const sentAt = performance.now()
    const response = await models(proxy, key)
    if (response.status !== 200) return { response, servedAt }
    await response.text()
    servedAt = sentAt
  }
}

test('a revoked key stops working on every instance within a second', async () => {
  const one = await startProxy()
  const { databaseUrl, sandbox } = one
  const two = await startProxy({ databaseUrl, sandbox })
  for (const admin of [one, two]) {
    const { key, keyId } = await one.customer('100')
    for (const proxy of [one, two]) expect((await models(proxy, key)).status).toBe(200)
    const asking = [refusal(one, key), refusal(two, key)]
    expect((await admin.admin('DELETE', `/keys/${keyId}`)).status).toBe(200)
    const revokedAt = performance.now()
    for (const { response, servedAt } of await Promise.all(asking)) {
      await expectError(response, { status: 401, code: 'invalid_api_key' })
      expect(servedAt - revokedAt).toBeLessThan(PROMISE_MS)
    }
  }
  await two.close()
  await one.close()
})

test('a stream that runs when its key is revoked is finished and charged', async () => {
  const proxy = await startProxy()
  const { key, keyId } = await proxy.customer('100')
  proxy.sandbox.hold()
  const running = proxy.chat(key, { ...GOOD, stream: true })
  await eventually(() => proxy.sandbox.waiting() === 1)
  await proxy.admin('DELETE', `/keys/${keyId}`)
  await refusal(proxy, key)
  proxy.sandbox.release()
  const response = await running
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'completed', charged: '0.04' })
  await proxy.close()
})
