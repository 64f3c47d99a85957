import type { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { client, countCalls, HELLO, SDKS } from './sdks.ts'

let proxy: Tollkeeper
let calls: () => number
let rich: string
let poor: string
let limited: string
beforeAll(async () => {
  proxy = await startProxy()
  calls = countCalls(proxy)
  rich = (await proxy.customer('1000')).key
  poor = (await proxy.customer('0')).key
  await proxy.admin('PUT', '/tiers/narrow', { models: ['sandbox-slow'] })
  limited = (await proxy.customer('1000', { tier: 'narrow' })).key
})
afterAll(() => proxy.close())

type Sdk = typeof OpenAI
type Case = {
  key?: () => string
  model: string
  type: (sdk: Sdk) => new (...args: never[]) => Error
  status: number
  code: string | null
  /** The requests an SDK sends when it is left to decide by itself, or may not retry. */
  calls: 1 | 3
  maxRetries?: 0
}

const CASES: Record<string, Case> = {
  'a key that does not exist': {
    key: () => `tk_${'x'.repeat(38)}`,
    model: 'sandbox-echo',
    type: (sdk) => sdk.AuthenticationError,
    status: 401,
    code: 'invalid_api_key',
    calls: 1,
  },
  'an account without credits': {
    key: () => poor,
    model: 'sandbox-echo',
    type: (sdk) => sdk.APIError,
    status: 402,
    code: 'insufficient_quota',
    calls: 1,
  },
  'a model the tier has not': {
    key: () => limited,
    model: 'sandbox-echo',
    type: (sdk) => sdk.PermissionDeniedError,
    status: 403,
    code: 'model_not_allowed',
    calls: 1,
  },
  'a model the upstream has not': {
    model: 'sandbox-error-404',
    type: (sdk) => sdk.NotFoundError,
    status: 404,
    code: 'upstream_rejected',
    calls: 1,
  },
  'a request the upstream refuses': {
    model: 'sandbox-error-400',
    type: (sdk) => sdk.BadRequestError,
    status: 400,
    code: 'upstream_rejected',
    calls: 1,
  },
  'a request the upstream calls unprocessable': {
    model: 'sandbox-error-422',
    type: (sdk) => sdk.BadRequestError,
    status: 400,
    code: 'upstream_rejected',
    calls: 1,
  },
  'an upstream that fails': {
    model: 'sandbox-error-500',
    type: (sdk) => sdk.InternalServerError,
    status: 502,
    code: 'upstream_error',
    calls: 3,
  },
  'an upstream that refuses us': {
    model: 'sandbox-error-401',
    type: (sdk) => sdk.InternalServerError,
    status: 502,
    code: 'upstream_misconfigured',
    calls: 1,
  },
  'an upstream that answers 200 with an error': {
    model: 'sandbox-error-in-200',
    type: (sdk) => sdk.InternalServerError,
    status: 502,
    code: 'upstream_error',
    calls: 1,
    maxRetries: 0,
  },
}

const KINDS = [
  ['a chat completion', false],
  ['a stream', true],
] as const

/** What an SDK makes of a failing call, and how often it sends it. */
async function failing(sdk: Sdk, { key = () => rich, model, ...rest }: Case, stream: boolean) {
  const before = calls()
  const params = { model, messages: HELLO, stream } as OpenAI.ChatCompletionCreateParamsStreaming
  const error = await client(sdk, proxy, key())
    .chat.completions.create(params, 'maxRetries' in rest ? { maxRetries: 0 } : {})
    .then(
      () => null,
      (thrown: InstanceType<typeof OpenAI.APIError>) => thrown,
    )
  expect(error).not.toBe(null)
  return { error, calls: calls() - before }
}

describe.each(SDKS)('with %s', (_name, sdk) => {
  for (const [title, expected] of Object.entries(CASES)) {
    test.each(KINDS)(`${title} fails %s with the right error of the SDK`, async (_, stream) => {
      const { error, calls } = await failing(sdk, expected, stream)
      expect(error).toBeInstanceOf(expected.type(sdk))
      expect(error).toMatchObject({ status: expected.status, code: expected.code })
      expect(error?.message).toMatch(new RegExp(`^${expected.status} \\w+`))
      expect(calls).toBe(expected.calls)
    })
  }

  test('an upstream that limits requests is a RateLimitError', async () => {
    const once = client(sdk, proxy, rich).chat.completions.create(
      { model: 'sandbox-error-429', messages: HELLO },
      { maxRetries: 0 },
    )
    await expect(once).rejects.toBeInstanceOf(sdk.RateLimitError)
    await expect(once).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  })
})
