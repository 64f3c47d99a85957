import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, expectFailure, KINDS } from './expect-failure.ts'

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function withUpstream(baseUrl: string, check: (proxy: Tollkeeper) => Promise<unknown>) {
  const proxy = await startProxy({ env: { OPENAI_BASE_URL: baseUrl } })
  try {
    await check(proxy)
  } finally {
    await proxy.close()
  }
}

const UNREACHABLE = { status: 502, code: 'upstream_error', outcome: 'upstream_error' }

test.each(KINDS)('a refused connection fails %s with a 502 that names it', async (_, stream) => {
  const baseUrl = `http://127.0.0.1:${await closedPort()}/v1`
  await withUpstream(baseUrl, async (proxy) => {
    const expected = { ...UNREACHABLE, type: 'server_error', cause: /ECONNREFUSED/ }
    const { error } = await expectFailure(proxy, ask('gpt', stream), expected)
    expect(error.message).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/)
  })
})

test.each(KINDS)(
  'a host without an address fails %s with a 502 that names it',
  async (_, stream) => {
    await withUpstream('http://nonexistent.invalid/v1', (proxy) =>
      expectFailure(proxy, ask('gpt', stream), {
        ...UNREACHABLE,
        cause: /(ENOTFOUND|EAI_AGAIN).*nonexistent\.invalid/,
      }),
    )
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
  const baseUrl = `http://127.0.0.1:${await closedPort()}/v1`
  await withUpstream(baseUrl, async (proxy) => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expectFailure(proxy, ask('gpt', stream), { ...UNREACHABLE, cause: /ECONNREFUSED/ })
    }
  })
})
