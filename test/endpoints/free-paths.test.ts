import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test.each(['GET', 'HEAD'])(
  '%s of the root and of health needs no key and no upstream',
  async (method) => {
    const before = proxy.sandbox.calls.size
    const statuses = await Promise.all(
      ['/', '/healthz', '/readyz'].map(async (path) => {
        const response = await fetch(new URL(path, proxy.url), { method, redirect: 'manual' })
        await response.text()
        return [path, response.status]
      }),
    )
    expect(statuses).toEqual([
      ['/', 404],
      ['/healthz', 200],
      ['/readyz', 200],
    ])
    expect(proxy.sandbox.calls.size).toBe(before)
  },
)
