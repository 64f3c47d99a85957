import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, expectFailure, KINDS } from './expect-failure.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const BROKEN = { status: 502, type: 'server_error', outcome: 'upstream_error' }
const ERROR = { ...BROKEN, code: 'upstream_error' }

test.each(KINDS)(
  'an error object in a 200 fails %s with a 502 and its message',
  async (_, stream) => {
    const { error } = await expectFailure(proxy, ask('sandbox-error-in-200', stream), {
      ...ERROR,
      cause: /The upstream failed but answered 200/,
    })
    expect(error.message).toBe('The upstream failed but answered 200.')
  },
)

test.each(KINDS)('an HTML page with status 200 fails %s with a 502', async (_, stream) => {
  const { error } = await expectFailure(proxy, ask('sandbox-html-200', stream), {
    ...ERROR,
    cause: /not a chat completion/,
  })
  expect(error.message).not.toMatch(/</)
})

test('an empty 200 fails a stream with a 502 that says so', async () => {
  const expected = { ...BROKEN, code: 'upstream_incomplete', cause: /without a single event/ }
  await expectFailure(proxy, ask('sandbox-empty-200', true), expected)
})

test('an empty 200 fails a request without a stream with a 502 that says so', async () => {
  const expected = { ...ERROR, cause: /an empty body/ }
  await expectFailure(proxy, ask('sandbox-empty-200', false), expected)
})

test('garbage bytes fail a stream with a 502', async () => {
  const expected = { ...BROKEN, code: 'upstream_incomplete', cause: /without a single event/ }
  await expectFailure(proxy, ask('sandbox-garbage', true), expected)
})

test('garbage bytes fail a request without a stream with a 502', async () => {
  const expected = { ...ERROR, cause: /not a chat completion/ }
  await expectFailure(proxy, ask('sandbox-garbage', false), expected)
})

test('a stream whose first event is an error fails with a 502 and its message', async () => {
  const { error } = await expectFailure(proxy, ask('sandbox-error-first', true), {
    ...ERROR,
    cause: /The sandbox failed in the middle/,
  })
  expect(error.message).toBe('The sandbox failed in the middle of its answer.')
})

test.each([
  ['is cut', 'sandbox-cut-midstream', /other side closed|terminated|ECONNRESET/],
  ['ends too early', 'sandbox-end-without-finish', /not a chat completion/],
])('a JSON answer that %s fails with a 502 and is not charged', async (_, card, cause) => {
  await expectFailure(proxy, ask(card, false), { ...ERROR, cause })
})
