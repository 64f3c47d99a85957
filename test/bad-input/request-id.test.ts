import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { sendRaw } from './raw-request.ts'
import { bearer, GOOD, JSON_TYPE, post } from './setup.ts'

let proxy: Tollkeeper
let key: string
beforeAll(async () => {
  proxy = await startProxy()
  key = (await proxy.customer('100')).key
})
afterAll(() => proxy.close())

const ANSWERS: [what: string, status: number, send: () => Promise<Response>][] = [
  ['a completion', 200, () => proxy.chat(key, GOOD)],
  ['a stream', 200, () => proxy.chat(key, { ...GOOD, stream: true })],
  ['a list of models', 200, () => fetch(`${proxy.url}/models`, { headers: bearer(key) })],
  ['a refused key', 401, () => post(proxy, bearer('tk_wrong'))],
  ['a refused body', 400, () => post(proxy, { ...bearer(key), ...JSON_TYPE }, '{')],
  ['a refused type', 415, () => post(proxy, { ...bearer(key), 'content-type': 'a/b' })],
  ['an unknown URL', 404, () => fetch(`${proxy.url}/nothing`, { headers: bearer(key) })],
  ['a wrong method', 405, () => fetch(`${proxy.url}/chat/completions`, { headers: bearer(key) })],
  ['a URL that can not be read', 404, () => fetch(`${proxy.url}/%zz`)],
  ['what is not HTTP', 400, () => sendRaw(proxy, 'Good morning\r\n\r\n')],
  ['a failed upstream', 502, () => proxy.chat(key, { ...GOOD, model: 'sandbox-error-500' })],
]

test.each(ANSWERS)('the id on %s is that of one line in the log', async (_, status, send) => {
  const response = await send()
  await response.text()
  expect(response.status).toBe(status)
  const requestId = response.headers.get('x-request-id') as string
  expect((await proxy.logOf(requestId)).status).toBe(status)
  const lines = proxy.logs.filter((line) => line.request_id === requestId && line.msg === 'request')
  expect(lines).toHaveLength(1)
})

test.each(ANSWERS.filter(([what, status]) => status >= 400 && !/key|URL that|HTTP/.test(what)))(
  'the id on %s leads to its record',
  async (_, status, send) => {
    const response = await send()
    await response.text()
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    expect(record).toMatchObject({ status, charged: '0', error: { code: expect.any(String) } })
  },
)

test('an id that the client sends is not taken for ours', async () => {
  const response = await post(proxy, { ...bearer(key), ...JSON_TYPE, 'x-request-id': 'mine' })
  await response.text()
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})
