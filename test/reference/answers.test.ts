import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { faultsOf, fetchDocument, type OpenApi, operationsOf } from './openapi.ts'

/** Operations whose answers are not ours, or no JSON. */
const OPAQUE = ['GET /metrics', ...ENDPOINTS.map(({ path }) => `POST /v1${path}`)]

let proxy: Tollkeeper
let document: OpenApi
let customer: Customer
const compared = new Set<string>()
beforeAll(async () => {
  proxy = await startProxy({
    env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' },
    auditPace: { turnMs: 20, sweepMs: 0, passMs: 0 },
  })
  document = await fetchDocument(proxy)
  customer = await proxy.customer('1000')
})
afterAll(() => proxy.close())

type Call = { query?: string; body?: object; key?: string } & Record<string, unknown>

/** Calls an operation, and compares its answer with the document, field by field. */
async function call(status: number, name: string, { query = '', body, key, ...names }: Call = {}) {
  const [method = '', template = ''] = name.split(' ')
  const path = template.replace(/\{(\w+)\}/g, (_, one) => String(names[one]))
  const response = await fetch(`${proxy.origin}${path}${query}`, {
    method,
    headers: {
      authorization: `Bearer ${key ?? ADMIN_TOKEN}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer: any = await response.json()
  expect(response.status, JSON.stringify(answer)).toBe(status)
  const { responses } = operationsOf(document).get(name) ?? {}
  const documented = responses?.[status] ?? responses?.default
  const schema = documented?.content['application/json']?.schema
  expect(schema, `${name} documents ${status}`).toBeDefined()
  if (schema) expect(faultsOf(document, schema, answer), name).toEqual([])
  if (status < 300) compared.add(name)
  return answer
}

async function chat(model: string): Promise<string> {
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(customer.key, { model, stream: true, messages })
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id)
  return id
}

test('answers about accounts, keys, grants, adjustments and the ledger are as documented', async () => {
  const fresh = { name: 'Ada', external_id: 'customer-1', credits: '5' }
  const account = await call(201, 'POST /admin/accounts', { body: fresh })
  await call(200, 'POST /admin/accounts', { body: fresh })
  const { id } = account
  await call(200, 'GET /admin/accounts', { query: '?limit=1' })
  await call(200, 'GET /admin/accounts/{id}', { id })
  await call(200, 'PATCH /admin/accounts/{id}', { id, body: { name: 'Ada L.' } })
  const grant = { credits: '2.5', reference: 'invoice-1' }
  await call(201, 'POST /admin/accounts/{id}/grants', { id, body: grant })
  await call(200, 'POST /admin/accounts/{id}/grants', { id, body: grant })
  const correction = { credits: '-0.5', reference: 'ticket-1', reason: 'granted twice' }
  await call(201, 'POST /admin/accounts/{id}/adjustments', { id, body: correction })
  await call(200, 'POST /admin/accounts/{id}/adjustments', { id, body: correction })
  const overdraft = { ...correction, credits: '-99', reference: 'ticket-2' }
  await call(409, 'POST /admin/accounts/{id}/adjustments', { id, body: overdraft })
  await call(200, 'GET /admin/accounts/{id}/ledger', { id })
  const limits = { models: ['a*'], requests_per_minute: 5, expires_at: '2999-01-01T00:00:00Z' }
  const key = await call(201, 'POST /admin/accounts/{id}/keys', { id, body: limits })
  await call(201, 'POST /admin/accounts/{id}/keys', { id, body: {} })
  await call(200, 'GET /admin/accounts/{id}/keys', { id })
  await call(200, 'GET /admin/keys/{id}', { id: key.id })
  await call(200, 'PATCH /admin/keys/{id}', { id: key.id, body: { name: 'laptop' } })
  await call(200, 'DELETE /admin/keys/{id}', { id: key.id })
})

test('answers about tiers, providers, models and prices are as documented', async () => {
  const tier = { models: ['a*'], markup: '1.2', concurrency: 3 }
  await call(200, 'PUT /admin/tiers/{name}', { name: 'gold', body: tier })
  await call(200, 'GET /admin/tiers/{name}', { name: 'gold' })
  await call(200, 'GET /admin/tiers')
  await call(200, 'DELETE /admin/tiers/{name}', { name: 'gold' })
  const provider = { base_url: proxy.sandbox.url, api_key: 'secret' }
  await call(200, 'PUT /admin/providers/{name}', { name: 'second', body: provider })
  await call(200, 'GET /admin/providers/{name}', { name: 'second' })
  await call(200, 'GET /admin/providers')
  await call(200, 'GET /admin/providers/{name}', { name: 'openai' })
  await call(409, 'DELETE /admin/providers/{name}', { name: 'openai' })
  await call(200, 'POST /admin/providers/reseal')
  await call(200, 'POST /admin/doctor', { body: { provider: 'second' } })
  const model = { routes: [{ provider: 'second' }, { provider: 'openai' }], context_window: 8_000 }
  await call(200, 'PUT /admin/models/{name}', { name: 'org/model', body: model })
  await call(200, 'GET /admin/models/{name}', { name: 'org/model' })
  await call(200, 'GET /admin/models')
  await call(200, 'DELETE /admin/models/{name}', { name: 'org/model' })
  await call(200, 'DELETE /admin/providers/{name}', { name: 'second' })
  const effective_from = '2026-01-01T00:00:00Z'
  const price = { provider: 'openai', model: 'm', effective_from, input: '1', output: '2' }
  const steps = [{ above: 200_000, input: '2', cache_write: '3' }]
  const hours = [{ from: '16:30', until: '00:30', output: '1' }]
  const more = { input_audio: '10', tools: { web_search_call: '0.01' } }
  await call(201, 'POST /admin/prices', { body: { ...price, ...more, model: 'long', steps } })
  await call(201, 'POST /admin/prices', { body: { ...price, ...more, model: 'night', hours } })
  await call(200, 'POST /admin/prices/import', { body: { provider: 'anthropic' } })
  await call(201, 'POST /admin/prices', { body: price })
  await call(200, 'POST /admin/prices', { body: price })
  await call(200, 'GET /admin/prices')
  const wrong = { provider: 'openai', model: 'm', from: effective_from, reason: 'typo' }
  const correction = { ...wrong, reference: 'memo-1', apply: true }
  await call(200, 'POST /admin/corrections', { body: wrong })
  await call(201, 'POST /admin/corrections', { body: correction })
  await call(200, 'POST /admin/corrections', { body: correction })
})

test('answers about requests, usage and the audit are as documented', async () => {
  const { key } = customer
  const ended = await chat('sandbox-echo')
  const failed = await chat('sandbox-error-500')
  const correction = { credits: '1', reference: 'sorry', reason: 'slow', request_id: ended }
  const { accountId } = customer
  await call(201, 'POST /admin/accounts/{id}/adjustments', { id: accountId, body: correction })
  for (const id of [ended, failed]) {
    await call(200, 'GET /admin/requests/{id}', { id })
    await call(200, 'GET /v1/generation', { query: `?id=${id}`, key })
  }
  await call(200, 'GET /admin/requests')
  const client = new AbortController()
  const body = { model: 'sandbox-hang', stream: true, messages: [] }
  const hanging = proxy.chat(key, body, { signal: client.signal }).catch(() => null)
  const running = await eventually(async () => {
    const [hold] = await proxy.sql<{ id: string }[]>`select id from holds`
    return hold?.id
  })
  const story = await call(200, 'GET /admin/requests/{id}', { id: running })
  expect(story.state).toBe('running')
  await call(200, 'GET /v1/generation', { query: `?id=${running}`, key })
  client.abort()
  await hanging
  await call(200, 'GET /admin/usage', { query: '?group_by=model' })
  await call(200, 'GET /admin/audit')
  await call(201, 'POST /admin/accounts', { body: { name: 'Wrong', external_id: 'wrong' } })
  await proxy.sql`update accounts set posted = posted + 1 where external_id = 'wrong'`
  const audit = await eventually(async () => {
    const answer = await call(200, 'GET /admin/audit')
    return answer.background.frozen.length > 0 ? answer : undefined
  })
  expect(audit.violations).not.toHaveLength(0)
  const [frozen] = audit.background.frozen
  const account = await call(200, 'GET /admin/accounts/{id}', { id: frozen.account_id })
  expect(account.violations).not.toHaveLength(0)
})

test('answers about the log level are as documented', async () => {
  await call(200, 'GET /admin/log-level')
  await call(200, 'PUT /admin/log-level', { body: { level: 'debug' } })
})

test('answers of the client API, of health and the log level are as documented', async () => {
  const { key } = customer
  const { data } = await call(200, 'GET /v1/models', { key })
  await call(200, 'GET /v1/models/{name}', { name: data[0].id, key })
  await call(200, 'GET /v1/credits', { key })
  await call(200, 'GET /healthz')
  await call(200, 'GET /readyz')
  await call(200, 'GET /admin/log-level')
  await call(200, 'PUT /admin/log-level', { body: { level: 'debug' } })
})

test('errors are as documented, with a code of the catalogue', async () => {
  await call(401, 'GET /v1/credits', { key: 'wrong' })
  await call(404, 'GET /v1/models/{name}', { name: 'nobody/has-it', key: customer.key })
  await call(404, 'GET /admin/accounts/{id}', { id: 'acc_nobody' })
  await call(400, 'POST /admin/accounts', { body: { nmae: 'Ada' } })
  await call(400, 'POST /v1/chat/completions', { key: customer.key, body: { model: 'm' } })
})

test('the answer of every operation was compared', () => {
  const all = [...operationsOf(document).keys()].filter((name) => !OPAQUE.includes(name))
  expect([...compared].sort()).toEqual(all.sort())
})
