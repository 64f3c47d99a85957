import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { endOf, post, postJson } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

const ERROR = { message: expect.any(String), type: expect.any(String), param: null }

test.each([400, 401, 402, 403, 404, 429, 500, 503])(
  'sandbox-error-%i answers that status in OpenAI shape, streamed or not',
  async (status) => {
    for (const stream of [true, false]) {
      const response = await post(sandbox, { model: `sandbox-error-${status}`, stream })
      expect(response.status).toBe(status)
      const { error } = (await response.json()) as { error: { code: unknown } }
      expect(error).toMatchObject(ERROR)
      expect(error).toHaveProperty('code')
    }
  },
)

test.each([
  ['sandbox-error-429', '7'],
  ['sandbox-error-429-hour', '3600'],
  ['sandbox-error-429-quota', null],
])('%s has Retry-After %s', async (model, retryAfter) => {
  const response = await post(sandbox, { model })
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).toBe(retryAfter)
})

test.each([
  ['sandbox-html-error', 502, 'text/html; charset=utf-8', /<html>/],
  ['sandbox-html-200', 200, 'text/html; charset=utf-8', /<html>/],
  ['sandbox-error-in-200', 200, 'application/json', /^\{"error":\{"message"/],
  ['sandbox-empty-200', 200, 'text/event-stream; charset=utf-8', /^$/],
  ['sandbox-error-string', 500, 'application/json', /^\{"error":"/],
  ['sandbox-error-number', 400, 'application/json', /"code":400/],
  ['sandbox-error-422', 422, 'application/json', /^\{"detail":\[/],
  ['sandbox-redirect', 307, 'application/json', /^\{\}$/],
])('%s answers a stream with %i %s', async (model, status, type, body) => {
  const response = await post(sandbox, { model, stream: true })
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe(type)
  expect(await response.text()).toMatch(body)
})

test('garbage claims the type that was asked for and is not UTF-8', async () => {
  for (const [stream, type] of [
    [true, 'text/event-stream; charset=utf-8'],
    [false, 'application/json'],
  ] as const) {
    const response = await post(sandbox, { model: 'sandbox-garbage', stream })
    expect(response.headers.get('content-type')).toBe(type)
    const bytes = await response.arrayBuffer()
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow(TypeError)
  }
})

test('the leaking error repeats the key it was called with', async () => {
  const authorization = 'Bearer sk-secret'
  const response = await post(sandbox, { model: 'sandbox-error-leak' }, { authorization })
  expect(await response.text()).toContain('sk-secret')
})

test.each([
  ['stream_options', { stream: true, stream_options: { include_usage: true } }],
  ['max_completion_tokens', { max_completion_tokens: 9 }],
])('a card that rejects %s names it, and is an echo without it', async (param, fields) => {
  const model = `sandbox-rejects-${param.replaceAll('_', '-')}`
  const response = await post(sandbox, { model, ...fields })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { param } })
  expect(await postJson(sandbox, { model })).toHaveProperty('choices')
})

test('a refused call is finished and delivered no token', async () => {
  await post(sandbox, { model: 'sandbox-error-500' }, { 'x-request-id': 'refused' })
  expect(await endOf(sandbox, 'refused')).toMatchObject({
    model: 'sandbox-error-500',
    completionTokens: 0,
    finished: true,
  })
})
