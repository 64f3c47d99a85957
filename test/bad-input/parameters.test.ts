import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectUnspent, GOOD } from './setup.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('100')
})
afterAll(() => proxy.close())

const INVALID = { status: 400, code: 'invalid_value', type: 'invalid_request_error' }

async function expectRefused(body: object, param: string, code = INVALID.code) {
  const response = await proxy.chat(customer.key, body)
  const { error } = await expectError(response, { ...INVALID, code, param })
  expect(error.message).toContain(`"${param}"`)
  await expectUnspent(proxy, customer)
  expect(proxy.sandbox.calls.size).toBe(0)
}

test.each(['model', 'messages'])('a body without %s is a 400 that names it', async (name) => {
  const { [name]: _, ...body } = GOOD as Record<string, unknown>
  await expectRefused(body, name, 'missing_required_parameter')
})

const WRONG: [param: string, value: unknown][] = [
  ['model', ''],
  ['model', null],
  ['model', 7],
  ['model', ['sandbox-echo']],
  ['messages', null],
  ['messages', 'Hello'],
  ['messages', { role: 'user', content: 'Hello' }],
  ['stream', 'true'],
  ['stream', 1],
  ['stream_options', 'include_usage'],
  ['stream_options', []],
  ['n', 0],
  ['n', -1],
  ['n', 1.5],
  ['n', '2'],
  ['n', 129],
  ['max_tokens', 0],
  ['max_tokens', -1],
  ['max_tokens', 1.5],
  ['max_tokens', '10'],
  ['max_tokens', true],
  ['max_tokens', 1e300],
  ['max_completion_tokens', 0],
  ['max_completion_tokens', -1],
  ['max_completion_tokens', {}],
]

test.each(WRONG)('%s: %j is a 400 that names the field', async (param, value) => {
  await expectRefused({ ...GOOD, [param]: value }, param)
})

test('a null where a field is optional is the same as no field', async () => {
  const { key } = await proxy.customer('100')
  const optional = { stream: null, stream_options: null, n: null, max_tokens: null }
  const response = await proxy.chat(key, { ...GOOD, ...optional })
  expect(response.status).toBe(200)
  await response.text()
})
