import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { UPSTREAM_KEY } from '../harness/secrets.ts'
import { ASK } from './client.ts'
import { answerAsAsked, type Seen, startUpstream, type Upstream } from './upstream.ts'

/** What a client, a proxy before us or an attacker may send (W-116). */
const NEVER_FORWARDED = {
  host: 'evil.example',
  connection: 'close, x-hop',
  'x-hop': '1',
  'keep-alive': 'timeout=9',
  'proxy-authorization': 'Basic x',
  'proxy-connection': 'keep-alive',
  te: 'trailers',
  trailer: 'x-hop',
  cookie: 'session=1',
  'openai-organization': 'org-mine',
  'openai-project': 'proj_mine',
  'x-forwarded-for': '1.2.3.4',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
  forwarded: 'for=1.2.3.4',
  'x-real-ip': '1.2.3.4',
  'cf-connecting-ip': '1.2.3.4',
  'cf-ray': '1',
  origin: 'https://evil.example',
  referer: 'https://evil.example/',
  'sec-fetch-mode': 'cors',
  'sec-ch-ua': 'x',
  'accept-language': 'de',
  'accept-encoding': 'gzip, deflate, br, zstd',
  accept: '*/*',
  'user-agent': 'OpenAI/JS 7.57.0',
  'x-stainless-lang': 'js',
  'x-stainless-retry-count': '0',
  'x-stainless-timeout': '600',
  'x-request-id': 'client-1',
  'x-client-request-id': 'client-2',
  'x-unheard-of': '1',
  'content-type': 'Application/JSON; Charset=utf-8',
}

const FORWARDED = {
  'openai-beta': 'assistants=v2',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=1',
}

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream(answerAsAsked)
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** Sends a request with these headers on a connection of its own. */
async function send(headers: Record<string, string>, body: object): Promise<Seen> {
  const status = await new Promise((resolve, reject) => {
    const call = request(`${proxy.url}/chat/completions`, { method: 'POST', agent: false, headers })
    call.on('error', reject)
    call.on('response', (response) =>
      response.resume().on('end', () => resolve(response.statusCode)),
    )
    call.end(JSON.stringify(body))
  })
  expect(status).toBe(200)
  return upstream.seen.at(-1) as Seen
}

test.each([
  ['a stream', true, 'text/event-stream'],
  ['an answer in one piece', false, 'application/json'],
])('the upstream of %s gets exactly the headers on the list', async (_what, stream, accept) => {
  const { headers, body } = await send(
    {
      ...NEVER_FORWARDED,
      ...FORWARDED,
      'idempotency-key': `mine-${stream}`,
      authorization: `bearer ${customer.key}`,
    },
    { ...ASK, stream },
  )
  expect(headers).toEqual({
    host: new URL(upstream.origin).host,
    connection: 'keep-alive',
    'content-length': String(body.length),
    'content-type': 'application/json',
    accept,
    'accept-encoding': 'identity',
    'user-agent': 'tollkeeper',
    authorization: `Bearer ${UPSTREAM_KEY}`,
    'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    ...FORWARDED,
  })
})

test.each(['authorization', 'api-key', 'x-api-key'])(
  'the key of the client in %s never reaches the upstream',
  async (name) => {
    const value = name === 'authorization' ? `Bearer ${customer.key}` : customer.key
    const { headers } = await send({ [name]: value }, ASK)
    expect(JSON.stringify(headers)).not.toContain(customer.key)
    expect(headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`)
    expect(Object.keys(headers)).not.toContain('api-key')
    expect(Object.keys(headers)).not.toContain('x-api-key')
  },
)

test('the id sent upstream is that of the record', async () => {
  const { headers } = await send({ 'x-api-key': customer.key }, ASK)
  const record = await proxy.settled(headers['x-request-id'] as string)
  expect(record.outcome).toBe('completed')
})
