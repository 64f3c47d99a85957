import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { readStream } from '../money/read-stream.ts'
import { expectUnspent, GOOD } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const INACTIVE = {
  status: 403,
  code: 'account_suspended',
  type: 'invalid_request_error',
  param: null,
}

/** The first answer that is not a 200: a cached key may be believed for a moment. */
const refusal = (key: string) =>
  eventually(async () => {
    const response = await proxy.chat(key, GOOD)
    return response.status === 200 ? undefined : response
  })

test.each(['suspended', 'closed'])('a %s account is a 403 and spends nothing', async (status) => {
  const customer = await proxy.customer('100')
  await proxy.admin('PATCH', `/accounts/${customer.accountId}`, { status })
  await expectError(await refusal(customer.key), INACTIVE)
  await expectUnspent(proxy, customer)
})

test.each(['suspended', 'closed'])(
  'an account that is %s while in use is a 403',
  async (status) => {
    const { accountId, key } = await proxy.customer('100')
    const response = await proxy.chat(key, GOOD)
    expect(response.status).toBe(200)
    await response.text()
    await proxy.admin('PATCH', `/accounts/${accountId}`, { status })
    await expectError(await refusal(key), INACTIVE)
  },
)

test('a suspended account may go on once it is active again', async () => {
  const { accountId, key } = await proxy.customer('100')
  await proxy.admin('PATCH', `/accounts/${accountId}`, { status: 'suspended' })
  await expectError(await refusal(key), INACTIVE)
  await proxy.admin('PATCH', `/accounts/${accountId}`, { status: 'active' })
  const response = await eventually(async () => {
    const answer = await proxy.chat(key, GOOD)
    return answer.status === 200 ? answer : undefined
  })
  await response.text()
})

test.each(['suspended', 'closed'])('a stream of a %s account ends at its hold', async (status) => {
  const { accountId, key } = await proxy.customer('100')
  proxy.sandbox.hold()
  const answering = proxy.chat(key, { ...GOOD, stream: true, sandbox: { reply_chars: 24_000 } })
  await eventually(() => proxy.sandbox.waiting() === 1)
  await proxy.admin('PATCH', `/accounts/${accountId}`, { status })
  proxy.sandbox.release()
  const seen = await readStream(await answering)
  expect(seen).toMatchObject({ kinds: ['text', 'error'], error: { code: 'account_suspended' } })
  expect(seen.text.length).toBeGreaterThan(4_096 * 4)
})
