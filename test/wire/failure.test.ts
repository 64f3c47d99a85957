import { afterEach, describe, expect, test, vi } from 'vitest'
import { failureInBand, failureOfAnswer } from '../../src/upstream/failure.ts'
import { errorBody } from '../../src/wire/error-body.ts'

const rejected = (body: string) => failureOfAnswer(400, {}, body)
const SAYS = 'max_tokens is too large: 9'

describe('the message of an upstream error is kept', () => {
  test.each([
    ['OpenAI', { error: { message: SAYS, type: 'x', param: null, code: null } }],
    ['vLLM and llama.cpp, with a numeric code', { error: { message: SAYS, code: 400 } }],
    ['an older vLLM', { object: 'error', message: SAYS, type: 'BadRequestError', code: 40303 }],
    ['Mistral', { object: 'error', message: SAYS, type: 'invalid_request', code: '1300' }],
    ['FastAPI, as a text', { detail: SAYS }],
    ['Ollama', { error: SAYS }],
    ['TGI', { error: SAYS, error_type: 'validation' }],
    ['Anthropic', { type: 'error', error: { type: 'invalid_request_error', message: SAYS } }],
    ['Mistral, of a parameter', { object: 'error', message: { detail: [{ msg: SAYS }] } }],
    ['Cloudflare', { success: false, errors: [{ code: 8001, message: SAYS }], result: {} }],
    ["Cloudflare's gateway", { success: false, error: [{ code: 2001, message: SAYS }] }],
    ['Google', [{ error: { code: 400, message: SAYS, status: 'INVALID_ARGUMENT' } }]],
  ])('from %s', (_who, body) => {
    const error = rejected(JSON.stringify(body))
    expect(error).toMatchObject({ code: 'upstream_rejected', status: 400, message: SAYS })
  })

  test('from FastAPI, as a list', () => {
    const faults = [
      { loc: ['body', 'messages', 0, 'role'], msg: 'field required', type: 'missing' },
      { loc: ['body', 'n'], msg: 'not a number' },
      'noise',
      { msg: 'and more' },
    ]
    const { message } = rejected(JSON.stringify({ detail: faults }))
    expect(message).toBe('messages.0.role: field required; n: not a number; and more')
  })

  test('with the parameter it names', () => {
    const body = { error: { message: SAYS, param: 'max_tokens', code: 'too_large' } }
    expect(rejected(JSON.stringify(body)).param).toBe('max_tokens')
  })
})

test.each([
  '<html><h1>400</h1></html>',
  '',
  '{}',
  'null',
  '[]',
  '[null]',
  '"no"',
  '{"error":{}}',
  '{"error":{"message":""}}',
  '{"error":{"message":{"a":1}}}',
  '{"detail":[]}',
  '{"detail":[null,{"loc":7}]}',
])('an upstream error that says nothing is told by its status: %j', (body) => {
  expect(rejected(body).message).toBe('The upstream returned 400.')
})

test.each([
  ['{"error":{"message":"x","code":400,"param":7}}', null],
  ['{"error":{"message":"x","code":"a","param":null}}', null],
])('a client gets the four members of an error, as texts or null: %s', (body, param) => {
  const { error } = errorBody(rejected(body))
  expect(error).toEqual({
    message: 'x',
    type: 'invalid_request_error',
    param,
    code: 'upstream_rejected',
  })
})

describe('how long to wait', () => {
  const waits = (header: string) =>
    failureOfAnswer(429, { 'retry-after': header }, '{}').retryAfterS
  const date = (ms: number) => new Date(Date.now() + ms).toUTCString()
  afterEach(() => vi.useRealTimers())

  test.each([
    ['7', 7],
    ['0.2', 1],
    ['3600', 59],
    ['0', 5],
    ['-3', 5],
    ['', 5],
    ['soon', 5],
  ])('is told in whole seconds that clients keep to: %j', (header, expected) => {
    expect(waits(header)).toBe(expected)
  })

  test('is read from a date, too', () => {
    vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00.400Z'), toFake: ['Date'] })
    expect([waits(date(30_000)), waits(date(29_500))]).toEqual([30, 29])
    expect([waits(date(3_600_000)), waits(date(-60_000))]).toEqual([59, 5])
  })
})

test.each([
  [409, 400],
  [422, 400],
  [413, 413],
  [404, 404],
])('a status that clients would retry is changed: %i to %i', (status, expected) => {
  expect(failureOfAnswer(status, {}, '{}').status).toBe(expected)
})

describe('an error inside a 200', () => {
  test.each([
    [{ message: 'no', code: 400 }, 400, 'upstream_rejected'],
    [{ message: 'no', code: 429 }, 429, 'rate_limit_exceeded'],
    [{ message: 'no', code: 502 }, 502, 'upstream_error'],
    [{ message: 'no', code: 200 }, 502, 'upstream_error'],
    [{ message: 'no', code: 'server_error' }, 502, 'upstream_error'],
    ['no', 502, 'upstream_error'],
    [true, 502, 'upstream_error'],
  ])('has the status it names, else 502: %j', (told, status, code) => {
    expect(failureInBand(told)).toMatchObject({ status, code })
  })

  test('keeps its message, also where it is wrapped twice', () => {
    expect(failureInBand('no').message).toBe('no')
    expect(failureInBand({ error: { message: 'no' } }).message).toBe('no')
  })
})

describe('an upstream message', () => {
  const told = (message: string) => rejected(JSON.stringify({ error: { message } })).message

  test.each([
    ['Incorrect key sk-proj-abcDEF123456_x.', 'Incorrect key ***.'],
    ['key gsk_9fK2mPq7Rt4VwX1zB3nD5hJ8', 'key gsk_***'],
    ['key AIzaSyD4x9Q2mKp7Rt4VwX1zB3nD5hJ8L0cE6 is bad', 'key *** is bad'],
    ['api_key 0123456789abcdef0123456789abcdef', 'api_key ***'],
    ['sent Bearer abc.def-123', 'sent ***'],
    ['organization org-AbCdEf123456 and project proj_ABCDEFGH', 'organization *** and project ***'],
    ['see https://dash.example/keys?x=1 now', 'see *** now'],
    ['lost redis://:secret@cache/0', 'lost ***'],
    ['connect to 10.0.0.12:8000 failed', 'connect to *** failed'],
    ['connect to [fd00::12]:8000 failed', 'connect to *** failed'],
    ['connect to llm-0.llm.svc.cluster.local:8000 failed', 'connect to *** failed'],
    ['connect to gpu7.internal failed', 'connect to *** failed'],
    ['connect to localhost:11434 failed', 'connect to *** failed'],
    ['connect to gpu.example.com:8443 failed', 'connect to *** failed'],
  ])('loses keys, hosts and addresses: %s', (message, expected) => {
    expect(told(message)).toBe(expected)
  })

  test.each([
    'The model `accounts/acme/models/llama-v3p1-405b-instruct` does not exist.',
    "This model's maximum context length is 8192 tokens. However, you asked for 8,200 tokens.",
    'Unsupported value: temperature:1.5 with deepseek-r1-distill-llama-70b-instruct-turbo.',
    'Invalid type for messages[10].content[1]: expected one of text, image_url.',
  ])('stays readable: %s', (message) => {
    expect(told(message)).toBe(message)
  })

  test('is cut where it is endless, after it was cleaned', () => {
    const message = told(`${'x '.repeat(490)}sk-${'a1B2'.repeat(100)} ${'y '.repeat(30_000)}`)
    expect(message).toHaveLength(1_000)
    expect(message).not.toMatch(/sk-|a1B2/)
  })

  test('is cleaned in its cause too, which is logged', () => {
    const { cause } = rejected('{"error":{"message":"bad key sk-abcdef123456"}}')
    expect((cause as Error).message).toBe('upstream answered 400: bad key ***')
  })
})

describe('the code of an upstream error', () => {
  const bodyOf = (error: object) => errorBody(rejected(JSON.stringify({ error }))).error

  test.each([
    'context_length_exceeded',
    'content_filter',
    'unsupported_parameter',
    'string_above_max_length',
  ])('%s reaches the client', (code) => {
    expect(bodyOf({ message: 'No.', code }).code).toBe(code)
  })

  test.each([
    'account_suspended',
    'ledger_unavailable',
    'sk-proj-abcdefghijkl',
    'internal.host:8080',
    'x'.repeat(2_000),
    '1300',
    '',
    400,
    null,
  ])('%s does not, since it means us or nothing', (code) => {
    expect(bodyOf({ message: 'No.', code }).code).toBe('upstream_rejected')
  })

  test('is on our record under the name of our own', () => {
    const error = { message: 'No.', code: 'context_length_exceeded' }
    expect(rejected(JSON.stringify({ error })).code).toBe('upstream_rejected')
  })
})

describe('a prompt that is too long is told in the words that clients look for', () => {
  test.each([
    ['OpenAI', { message: "This model's maximum context length is 9 tokens.", code: null }],
    ['vLLM', { message: "This model's maximum context length is 9 tokens.", code: 400 }],
    ['llama.cpp', { message: 'too large', code: 400, type: 'exceed_context_size_error' }],
    ['one with the code alone', { message: 'No.', code: 'context_length_exceeded' }],
  ])('of %s, with a status and in a 200', (_who, error) => {
    for (const failure of [rejected(JSON.stringify({ error })), failureInBand(error)]) {
      expect(failure.status).toBe(400)
      const { code, message } = errorBody(failure).error
      expect(code).toBe('context_length_exceeded')
      expect(message).toMatch(/context_length_exceeded|maximum context length/)
      expect(message.startsWith(error.message)).toBe(true)
    }
  })
})
