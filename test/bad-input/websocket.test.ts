import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { sendRaw } from './raw-request.ts'

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy()
  customer = await proxy.customer('100')
})
afterAll(() => proxy.close())

function upgradeOf(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'host: tollkeeper',
    'connection: Upgrade',
    'upgrade: WebSocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    `authorization: Bearer ${customer.key}`,
    '\r\n',
  ].join('\r\n')
}

test.each(['/v1/responses', '/v1/realtime?model=gpt-realtime', '/v1/chat/completions'])(
  'a WebSocket on %s is refused at once, and its connection ends',
  async (path) => {
    const response = await sendRaw(proxy, upgradeOf(path))
    expect(response.headers.get('x-should-retry')).toBe('false')
    await expectError(response, {
      status: 426,
      code: 'websocket_not_supported',
      type: 'invalid_request_error',
      param: null,
    })
  },
)
