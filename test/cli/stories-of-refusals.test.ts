import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../failures/expect-failure.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectStory, tell } from './story.ts'
import { cliOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let key: string
beforeAll(async () => {
  proxy = await startProxy({ env: { BODY_LIMIT_BYTES: '1024' } })
  key = (await proxy.customer('1000')).key
})
afterAll(() => proxy.close())

const UNHELD = { streamed: 'nothing', usage: 'none', money: 'held 0, charged 0, uncollected 0' }

const refused = (stage: string, status: number) =>
  `refused in stage ${stage} after ~ ms (refused, status ${status})`

const call = (method: string, path: string, type?: string, body?: string) =>
  fetch(`${proxy.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(type && { 'content-type': type }) },
    ...(body !== undefined && { body }),
  })

const JSON_TYPE = 'application/json'
const CHAT = '/chat/completions'

test.each([
  ['an unknown path', 404, 'GET', '/nothing', '', undefined, 'unknown_url: Invalid URL (GET /v1/n'],
  [
    'a wrong method',
    405,
    'GET',
    CHAT,
    '',
    undefined,
    'method_not_supported: This URL does not sup',
  ],
  ['a body too large', 413, 'POST', CHAT, JSON_TYPE, ' '.repeat(2000), 'request_too_large: '],
  ['another type', 415, 'POST', CHAT, 'text/plain', 'hello', 'unsupported_media_type: '],
  ['broken JSON', 400, 'POST', CHAT, JSON_TYPE, '{"model"', 'invalid_json: The body is not valid'],
  ['a missing field', 400, 'POST', CHAT, JSON_TYPE, '{}', 'missing_required_parameter: The requ'],
])(
  'the story of a request with %s names it',
  async (_, status, method, path, type, body, error) => {
    const response = await call(method, path, type, body)
    expect(response.status).toBe(status)
    const { headline, lines } = await tell(proxy, response)
    lines.delete('cause') // in the words of Node and Fastify, where there is one
    expectStory(
      { headline, lines },
      { headline: refused('body', status), upstream: 'not reached', ...UNHELD, error },
    )
    expect(lines.get('who')?.[0]).toMatch(new RegExp(` /v1${path}$`))
  },
)

/** Where it was to go, for a request that was refused on the way. */
const unreached = () => `openai at ${proxy.app.upstream.baseUrl}: not reached`

test('the story of a model that tier or key do not allow names which of them', async () => {
  await proxy.admin('PUT', '/tiers/small', { models: ['small-*'] })
  const customer = await proxy.customer('10', { tier: 'small' })
  const story = {
    headline: refused('tier', 403),
    upstream: 'not reached',
    ...UNHELD,
    error: 'model_not_allowed: ',
  }
  const byTier = await proxy.chat(customer.key, ask('big', true))
  expectStory(await tell(proxy, byTier), { ...story, cause: /^the tier small does not allow it$/ })

  const models = ['small-1']
  const made = await proxy.admin('POST', `/accounts/${customer.accountId}/keys`, { models })
  const byKey = await proxy.chat(made.body.key, ask('small-2', false))
  expectStory(await tell(proxy, byKey), { ...story, cause: /^the key does not allow it$/ })
})

test('the story of an account without credits names what the request needed', async () => {
  const customer = await proxy.customer('0.05')
  const body = ask('sandbox-echo', true, { max_tokens: 10 })
  expectStory(await tell(proxy, await proxy.chat(customer.key, body)), {
    headline: refused('credit', 402),
    upstream: unreached(),
    ...UNHELD,
    error: 'insufficient_quota: ',
    cause: /^it needs at least 0\.\d+ credits$/,
  })
})

test('the story of credits that are held names what the request needed', async () => {
  const customer = await proxy.customer('60')
  const gone = new AbortController()
  const running = proxy.chat(customer.key, ask('sandbox-hang', true), { signal: gone.signal })
  await eventually(async () => {
    const { body } = await proxy.admin('GET', `/accounts/${customer.accountId}`)
    return body.held !== '0'
  })
  const second = await proxy.chat(customer.key, ask('sandbox-echo', true))
  expectStory(await tell(proxy, second), {
    headline: refused('credit', 429),
    upstream: unreached(),
    ...UNHELD,
    error: 'credits_held: Running requests hold the credits',
    cause: /^it needs at least 4\d\.\d+ credits$/,
  })
  gone.abort()
  await running.catch(() => null)
})

test('the story of a limit that is reached names tier and key', async () => {
  await proxy.admin('PUT', '/tiers/slow', { requests_per_minute: 1 })
  const customer = await proxy.customer('100', { tier: 'slow' })
  await (await proxy.chat(customer.key, ask('sandbox-echo', false))).text()
  const second = await proxy.chat(customer.key, ask('sandbox-echo', false))
  expectStory(await tell(proxy, second), {
    headline: refused('credit', 429),
    upstream: unreached(),
    ...UNHELD,
    error: 'rate_limit_exceeded: Too many requests',
    cause: /^the tier slow allows 1 requests a minute, the key allows any number of requests a min/,
  })
})

test('the story of a suspended account says so', async () => {
  const customer = await proxy.customer('100')
  await proxy.admin('PATCH', `/accounts/${customer.accountId}`, { status: 'suspended' })
  expectStory(await tell(proxy, await proxy.chat(customer.key, ask('sandbox-echo', false))), {
    headline: refused('auth', 403),
    upstream: 'not reached',
    ...UNHELD,
    error: 'account_suspended: ',
  })
})

test('the story of a revoked key says when it was revoked', async () => {
  const customer = await proxy.customer('100')
  await proxy.admin('DELETE', `/keys/${customer.keyId}`)
  expectStory(await tell(proxy, await proxy.chat(customer.key, ask('sandbox-echo', false))), {
    headline: refused('auth', 401),
    upstream: 'not reached',
    ...UNHELD,
    error: 'invalid_api_key: ',
    cause: /^the key was revoked at 20\d\d-/,
  })
})

test('the story of an upstream that is not there names its address and ECONNREFUSED', async () => {
  const baseUrl = 'http://127.0.0.1:2/v1' // a port that is given to nobody who asks for any
  const other = await startProxy({ env: { OPENAI_BASE_URL: baseUrl } })
  const customer = await other.customer('100')
  expectStory(await tell(other, await other.chat(customer.key, ask('gpt', true))), {
    headline: 'failed at the upstream in stage upstream after ~ ms (upstream_error, status 502)',
    upstream: `openai at ${baseUrl}: no answer, ~ ms in all (upstream_error)`,
    streamed: 'nothing',
    usage: 'none',
    money: 'held ~, charged 0, uncollected 0',
    error: 'upstream_error: ',
    cause: /ECONNREFUSED/,
  })
  await other.close()
})

test('the story of a client that left tells how far it was served', async () => {
  const customer = await proxy.customer('100')
  const gone = new AbortController()
  const body = ask('sandbox-slow', true, { sandbox: { reply_chars: 4000 } })
  const response = await proxy.chat(customer.key, body, { signal: gone.signal })
  await response.body?.getReader().read()
  gone.abort()
  const { headline, lines } = await tell(proxy, response)
  expect(headline).toMatch(/^left by its client in stage answer after \d+ ms \(client_gone, /)
  expect(lines.get('streamed')?.[0]).toMatch(/^[1-9]\d* chunks, [1-9]\d* characters/)
  expect(lines.get('money')?.[0]).toMatch(/charged 0\.\d+, uncollected 0/)
})

test('the story of a stream that ran out of credits tells how far they went', async () => {
  await proxy.admin('PUT', '/tiers/sips', { hold_output_tokens: 10 })
  const customer = await proxy.customer('0.5', { tier: 'sips' })
  const sandbox = { reply_chars: 4000 }
  const response = await proxy.chat(customer.key, ask('sandbox-echo', true, { sandbox }))
  await response.text()
  const { headline, lines } = await tell(proxy, response)
  expect(headline).toMatch(
    /^cut off mid-stream: out of credits in stage answer after \d+ ms \(out_/,
  )
  expect(lines.get('error')?.[0]).toMatch(/^insufficient_quota: /)
  expect(lines.get('money')?.[0]).toMatch(/^held 0\.5 \(grown .*\), charged 0\.\d+, uncollected 0 /)
})

test('the story of a request that runs tells what it holds', async () => {
  const customer = await proxy.customer('100')
  const gone = new AbortController()
  const body = ask('sandbox-slow', true, { sandbox: { reply_chars: 4000 } })
  const response = await proxy.chat(customer.key, body, { signal: gone.signal })
  await response.body?.getReader().read()
  const id = response.headers.get('x-request-id') as string
  const story = await cliOf(proxy).text(['request', 'show', id])
  expect(story).toMatch(new RegExp(`^request ${id}  running since \\d{4}-.*Z\\n`))
  expect(story).toContain(`\n  upstream  openai at ${proxy.app.upstream.baseUrl}\n`)
  expect(story).toMatch(/\n {2}money {5}held 4\d\.\d+, metered /)
  gone.abort()
  await proxy.settled(id)
})
