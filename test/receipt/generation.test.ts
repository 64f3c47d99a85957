import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, type Proxy, startProxy } from '../harness/proxy.ts'

let proxy: Proxy
let owner: Customer
let id: string

beforeAll(async () => {
  proxy = await startProxy()
  owner = await proxy.customer('10')
  const answer = await proxy.chat(owner.key, {
    model: 'sandbox-echo',
    messages: [{ role: 'user', content: 'Hello there' }],
  })
  id = answer.headers.get('x-request-id') as string
  await answer.text()
  await proxy.settled(id)
})
afterAll(() => proxy.close())

async function receipt(key: string, query: string): Promise<{ status: number; body: any }> {
  const headers = { authorization: `Bearer ${key}` }
  const response = await fetch(`${proxy.url}/generation${query}`, { headers })
  return { status: response.status, body: await response.json() }
}

test('the account that made a request sees what it cost', async () => {
  const { status, body } = await receipt(owner.key, `?id=${id}`)
  expect(status).toBe(200)
  expect(body.data).toMatchObject({
    id,
    state: 'settled',
    model: 'sandbox-echo',
    outcome: 'completed',
    prompt_tokens: 3,
    completion_tokens: 3,
    charged: '0.06',
    error: null,
  })
})

test('a receipt tells nothing of what lies behind the proxy', async () => {
  const { body } = await receipt(owner.key, `?id=${id}`)
  expect(JSON.stringify(body)).not.toContain('127.0.0.1')
})

test('another account is told that there is no such request', async () => {
  const other = await proxy.customer('10')
  const { status, body } = await receipt(other.key, `?id=${id}`)
  expect([status, body.error.code]).toEqual([404, 'not_found'])
})

test.each([
  ['?id=01900000-0000-7000-8000-000000000000', 404, 'not_found'],
  ["?id=' or 1=1", 404, 'not_found'],
  ['', 400, 'missing_required_parameter'],
])('the query %j is refused with its field named', async (query, status, code) => {
  const answer = await receipt(owner.key, query)
  expect([answer.status, answer.body.error.code]).toEqual([status, code])
  expect(answer.body.error.param).toBe('id')
})
