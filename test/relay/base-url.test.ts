import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK, ask } from './client.ts'
import { answerAsAsked, startUpstream, type Upstream } from './upstream.ts'

const BASES = [
  ['without a path', '', '/chat/completions'],
  ['that is a host and a slash', '/', '/chat/completions'],
  ['with a path', '/openai/v2', '/openai/v2/chat/completions'],
  ['with a path and a slash', '/openai/v2/', '/openai/v2/chat/completions'],
  ['with a path and two slashes', '/openai/v2//', '/openai/v2/chat/completions'],
  ['with a query', '/v1?api-version=7', '/v1/chat/completions?api-version=7'],
]

describe.each(BASES)('a base URL %s', (_what, base, path) => {
  let upstream: Upstream
  let proxy: Tollkeeper
  beforeAll(async () => {
    upstream = await startUpstream(answerAsAsked)
    proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin + base } })
  })
  afterAll(async () => {
    await proxy.close()
    await upstream.close()
  })

  test('is called at the right path, and its answer charged, for any name of a model', async () => {
    const { key, accountId } = await proxy.customer('1000')
    const models = ['gpt-9', 'accounts/acme/models/llama', 'a:b@c', 'Ünïcode 😀', '"; drop']
    for (const model of models) {
      for (const stream of [false, true]) {
        const answer = await ask(proxy, key, { ...ASK, model, stream })
        expect(answer.status, answer.text).toBe(200)
        expect(answer.text).toContain('"content":"Hello"')
        const record = await proxy.settled(answer.headers.get('x-request-id') as string)
        expect(record).toMatchObject({ model, outcome: 'completed', charged: '0.46' })
      }
    }
    expect(upstream.seen.map((one) => one.path)).toEqual(Array(10).fill(path))
    const sent = upstream.seen.map(({ body }) => JSON.parse(body.toString()).model)
    expect(sent).toEqual(models.flatMap((model) => [model, model]))
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    expect(body).toMatchObject({ posted: '995.4', held: '0' })
  })
})
