import { expect, test } from 'vitest'
import { startProxy } from './harness/proxy.ts'

test('a stream is held, relayed and settled at what the upstream reported', async () => {
  const proxy = await startProxy()
  const { key, accountId } = await proxy.customer('1000')
  const response = await proxy.chat(key, {
    model: 'sandbox-echo',
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
  })
  expect(response.status).toBe(200)
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record).toMatchObject({
    outcome: 'completed',
    prompt_tokens: 3,
    completion_tokens: 3,
    charged: '0.06',
  })
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body).toMatchObject({
    posted: '999.94',
    held: '0',
  })
  await proxy.close()
})
