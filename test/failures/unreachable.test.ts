import { expect, test } from 'vitest'
import { freePort } from '../harness/free-port.ts'
import { type ProxyOptions, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, expectFailure, KINDS } from './expect-failure.ts'

async function withUpstream(
  baseUrl: string,
  check: (proxy: Tollkeeper) => Promise<unknown>,
  more: ProxyOptions = {},
) {
  const proxy = await startProxy({ env: { OPENAI_BASE_URL: baseUrl }, ...more })
  try {
    await check(proxy)
  } finally {
    await proxy.close()
  }
}

/** Answers at once, as no server of names can be trusted to. */
const resolver: ProxyOptions['resolver'] = (hostname, _options, callback) => {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`)
  callback(Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname }), [])
}

const UNREACHABLE = { status: 502, code: 'upstream_error', outcome: 'upstream_error' }

test.each(KINDS)('a refused connection fails %s with a 502 that names it', async (_, stream) => {
  const baseUrl = `http://127.0.0.1:${await freePort()}/v1`
  await withUpstream(baseUrl, async (proxy) => {
    const expected = { ...UNREACHABLE, type: 'server_error', cause: /ECONNREFUSED/ }
    const { error } = await expectFailure(proxy, ask('gpt', stream), expected)
    expect(error.message).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/)
  })
})

test.each(KINDS)(
  'a host without an address fails %s with a 502 that names it',
  async (_, stream) => {
    const cause = /ENOTFOUND.*nonexistent\.invalid/
    const check = (proxy: Tollkeeper) =>
      expectFailure(proxy, ask('gpt', stream), { ...UNREACHABLE, cause })
    await withUpstream('http://nonexistent.invalid/v1', check, { resolver })
  },
)

test.each(KINDS)('a failed TLS handshake fails %s with a 502 that names it', async (_, stream) => {
  const proxy = await startProxy()
  await withUpstream(proxy.sandbox.url.replace('http:', 'https:'), (other) =>
    expectFailure(other, ask('gpt', stream), { ...UNREACHABLE, cause: /SSL|TLS|EPROTO/ }),
  )
  await proxy.close()
})

test.each(KINDS)('an unreachable upstream fails each repetition of %s alike', async (_, stream) => {
  const baseUrl = `http://127.0.0.1:${await freePort()}/v1`
  await withUpstream(baseUrl, async (proxy) => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expectFailure(proxy, ask('gpt', stream), { ...UNREACHABLE, cause: /ECONNREFUSED/ })
    }
  })
})
