import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { postHead } from './raw-request.ts'
import { expectUnspent } from './setup.ts'

const WARN = 40

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test.each([
  ['a length', 'content-length: 100', '{"model":'],
  ['chunks', 'transfer-encoding: chunked', '9\r\n{"model":\r\n'],
])(
  'a body with %s that breaks off is no fault of ours, and holds nothing',
  async (_, header, part) => {
    const customer = await proxy.customer('100')
    const before = proxy.logs.length
    const { hostname, port } = new URL(proxy.origin)
    const arrived = new Promise((resolve) => proxy.app.server.once('request', resolve))
    const socket = connect(Number(port), hostname)
    socket.write(postHead(customer.key, header) + part)
    await arrived
    socket.destroy()
    const line = await eventually(() =>
      proxy.logs
        .slice(before)
        .find((one) => one.msg === 'request' && one.endpoint === '/v1/chat/completions'),
    )
    expect(line.level).toBeLessThanOrEqual(WARN)
    expect(line).toMatchObject({ status: 499, outcome: 'client_gone', error: null })
    await expectUnspent(proxy, customer)
  },
)
