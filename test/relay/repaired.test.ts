import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK, ASK_STREAM, ask } from './client.ts'
import { DONE, event, openStream, startUpstream, type Upstream } from './upstream.ts'

/** Chunks as careless upstreams send them. */
const CARELESS = [
  { choices: [{ delta: { content: 'Hel' } }] },
  { choices: [{ delta: { role: 'assistant', content: 'lo' }, finish_reason: '' }] },
  { choices: [{ delta: null, finish_reason: 'eos_token' }] },
]

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream((response, { body }) => {
    if (JSON.parse(body.toString()).stream) {
      openStream(response).end(CARELESS.map(event).join('') + DONE)
    } else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"choices":[{"message":{"content":"Hello"}}],"x":1.0}')
    }
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

test('a careless stream leaves as strict clients need it, under the id of its request', async () => {
  const { text, headers } = await ask(proxy, customer.key, ASK_STREAM)
  const id = headers.get('x-request-id') as string
  expect(text.endsWith(DONE)).toBe(true)
  const chunks = text
    .slice(0, -DONE.length)
    .split('\n\n')
    .filter(Boolean)
    .map((one) => JSON.parse(one.replace('data: ', '')))
  const { created } = chunks[0]
  expect(Number.isInteger(created)).toBe(true)
  const own = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created, model: 'any' }
  expect(chunks).toEqual([
    { ...own, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hel' } }] },
    { ...own, choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: null }] },
    { ...own, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ])
  expect(await proxy.settled(id)).toMatchObject({ outcome: 'completed', completion_tokens: 2 })
})

test('an answer in one piece leaves with its place and its role, and is else as it came', async () => {
  const { text } = await ask(proxy, customer.key, ASK)
  expect(text).toBe(
    '{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"}}],"x":1.0}',
  )
})
