import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK, ask } from './client.ts'
import { answerAsAsked, startUpstream, type Upstream } from './upstream.ts'

/** What upstreams and what is before them send along (W-118). */
const LEAKS = {
  'set-cookie': 'upstream=1; Path=/',
  server: 'cloudflare',
  via: '1.1 varnish',
  'cf-ray': '0-X',
  'alt-svc': 'h3=":443"',
  'strict-transport-security': 'max-age=1',
  'openai-organization': 'org-theirs',
  'openai-project': 'proj_theirs',
  'x-ratelimit-limit-requests': '10',
  'x-ratelimit-remaining-tokens': '9',
  'x-ratelimit-reset-requests': '1s',
  'x-request-id': 'req_theirs',
  'x-should-retry': 'true',
  'retry-after': '3600',
  location: 'http://10.0.0.1/',
  'x-upstream-pod': 'gpu-7',
  'access-control-allow-origin': '*',
}

const OURS = ['connection', 'content-type', 'date', 'keep-alive', 'x-request-id']
const WHOLE = [...OURS, 'content-length']
const STREAMED = [...OURS, 'cache-control', 'transfer-encoding', 'x-accel-buffering']

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
let status = 200
beforeAll(async () => {
  upstream = await startUpstream((response, seen) => {
    for (const [name, value] of Object.entries(LEAKS)) response.setHeader(name, value)
    if (status === 200) answerAsAsked(response, seen)
    else response.writeHead(status).end('{"error":{"message":"no"}}')
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('100')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

async function headersOf(upstreamStatus: number, stream: boolean): Promise<Headers> {
  status = upstreamStatus
  const { headers } = await ask(proxy, customer.key, { ...ASK, stream })
  const own = headers.get('x-request-id') as string
  expect((await proxy.settled(own)).id).toBe(own)
  return headers
}

test('an answer in one piece has only headers of our own', async () => {
  const headers = await headersOf(200, false)
  expect([...headers.keys()].sort()).toEqual(WHOLE.sort())
  expect(headers.get('content-type')).toMatch(/^application\/json\b/)
})

test('a stream has only headers of our own', async () => {
  const headers = await headersOf(200, true)
  expect([...headers.keys()].sort()).toEqual(STREAMED.sort())
  expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-cache, no-transform')
  expect(headers.get('x-accel-buffering')).toBe('no')
})

test.each([400, 500])(
  'an upstream error %i has only headers of our own',
  async (upstreamStatus) => {
    for (const stream of [false, true]) {
      const headers = await headersOf(upstreamStatus, stream)
      expect([...headers.keys()].sort()).toEqual(WHOLE.sort())
    }
  },
)

test('an upstream that limits requests tells a time to wait of at most 59 seconds', async () => {
  const headers = await headersOf(429, true)
  expect([...headers.keys()].sort()).toEqual([...WHOLE, 'retry-after', 'retry-after-ms'].sort())
  expect(headers.get('retry-after')).toBe('59')
})
