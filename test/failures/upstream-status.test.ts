import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, expectFailure, KINDS } from './expect-failure.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const OURS = { code: 'upstream_misconfigured', status: 502, type: 'server_error' }
const THEIRS = { code: 'upstream_error', status: 502, type: 'server_error' }
const CLIENTS = { code: 'upstream_rejected', type: 'invalid_request_error' }

const STATUSES = [
  { card: 'sandbox-error-400', ...CLIENTS, status: 400, cause: /400: This request is wrong/ },
  { card: 'sandbox-error-401', ...OURS, cause: /401: Incorrect API key provided/ },
  { card: 'sandbox-error-402', ...OURS, cause: /402: Insufficient Balance/ },
  { card: 'sandbox-error-403', ...OURS, cause: /403: You may not use this model/ },
  { card: 'sandbox-error-404', ...CLIENTS, status: 404, cause: /404: The model does not exist/ },
  { card: 'sandbox-error-422', ...CLIENTS, status: 400, cause: /422/ },
  { card: 'sandbox-error-429-quota', ...OURS, cause: /429: You exceeded your quota/ },
  { card: 'sandbox-error-500', ...THEIRS, cause: /500: The server had an error/ },
  { card: 'sandbox-error-503', ...THEIRS, cause: /503: Overloaded/ },
  { card: 'sandbox-error-string', ...THEIRS, cause: /500: model runner has stopped/ },
  { card: 'sandbox-error-number', ...CLIENTS, status: 400, cause: /400: bad/ },
  { card: 'sandbox-html-error', ...THEIRS, cause: /502/ },
  { card: 'sandbox-redirect', ...THEIRS, cause: /307/ },
]

for (const { card, ...expected } of STATUSES) {
  test.each(KINDS)(
    `${card}: %s fails with ${expected.status} ${expected.code}`,
    async (_, stream) => {
      await expectFailure(proxy, ask(card, stream), { ...expected, outcome: 'upstream_error' })
    },
  )
}

const LIMITED = {
  status: 429,
  code: 'rate_limit_exceeded',
  type: 'requests',
  outcome: 'upstream_error',
  cause: /429: Slow down/,
}

test.each(KINDS)(
  'an upstream that limits requests fails %s with its Retry-After',
  async (_, stream) => {
    const { response } = await expectFailure(proxy, ask('sandbox-error-429', stream), LIMITED)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.get('retry-after-ms')).toBe('7000')
  },
)

test.each(KINDS)('a Retry-After of an hour is told to %s as 59 seconds', async (_, stream) => {
  const { response } = await expectFailure(proxy, ask('sandbox-error-429-hour', stream), LIMITED)
  expect(response.headers.get('retry-after')).toBe('59')
})

test('what the upstream says of the request itself reaches the client', async () => {
  const expected = { ...CLIENTS, outcome: 'upstream_error', cause: /./ }
  for (const [card, status, message] of [
    ['sandbox-error-400', 400, 'This request is wrong.'],
    ['sandbox-error-404', 404, 'The model does not exist.'],
    ['sandbox-error-number', 400, 'bad'],
  ] as const) {
    const { error } = await expectFailure(proxy, ask(card, false), { ...expected, status })
    expect(error.message).toBe(message)
  }
})

test('what is between us and the upstream is not told, and not to be retried', async () => {
  for (const card of ['401', '402', '403', '429-quota'].map((name) => `sandbox-error-${name}`)) {
    const expected = { ...OURS, outcome: 'upstream_error', cause: /./ }
    const { error, response } = await expectFailure(proxy, ask(card, true), expected)
    expect(error.message).not.toMatch(/key|balance|quota|model/i)
    expect(response.headers.get('x-should-retry')).toBe('false')
  }
})

test('a key and an address in the message of an upstream are taken out of it', async () => {
  const expected = { ...CLIENTS, status: 400, outcome: 'upstream_error', cause: /Refused/ }
  const { error } = await expectFailure(proxy, ask('sandbox-error-leak', false), expected)
  expect(error.message).toMatch(/^Refused: /)
  expect(error.message).not.toMatch(/canary|10\.0\.0\.1/)
})
