import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storyOf } from '../../src/cli/request-story.ts'
import { CARDS } from '../../src/sandbox/cards/cards.ts'
import { ask } from '../failures/expect-failure.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { type ExpectedStory, expectStory, readStory, tell } from './story.ts'

let proxy: Tollkeeper
let impatient: Tollkeeper
let customer: Customer
let at: string
beforeAll(async () => {
  proxy = await startProxy({ env: { UPSTREAM_IDLE_TIMEOUT_MS: '1500' } })
  const { databaseUrl, sandbox } = proxy
  const env = { UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '300' }
  impatient = await startProxy({ env, databaseUrl, sandbox })
  customer = await proxy.customer('10000')
  at = `openai at ${proxy.app.upstream.baseUrl}`
})
afterAll(async () => {
  await impatient.close()
  await proxy.close()
})

/** Asks a card; one that never answers through the proxy that does not wait for it. */
function call(key: string, card: string, stream: boolean, more: object = {}): Promise<Response> {
  const through = CARDS[card]?.kind === 'hang' ? impatient : proxy
  return through.chat(key, ask(card, stream, more))
}

/** Sends 4 tokens of prompt to a card, and checks what is told of it. */
async function expectTold(card: string, stream: boolean, story: ExpectedStory): Promise<void> {
  const response = await call(customer.key, card, stream)
  await response.text().catch(() => '')
  const who = `${customer.accountId} ${customer.keyId}  model ${card}  /v1/chat/completions`
  const upstream = `${at}: ${story.upstream}`
  expectStory(await tell(proxy, response), { who, ...story, upstream })
}

const UNDELIVERED = {
  streamed: 'nothing',
  usage: 'none',
  money: 'held ~, charged 0, uncollected 0',
}

describe('the story of an upstream that refused', () => {
  test.each([
    ['400', 400, 'upstream_rejected', /answered 400: This request is wrong/],
    ['401', 401, 'upstream_misconfigured', /answered 401: Incorrect API key/],
    ['402', 402, 'upstream_misconfigured', /answered 402: Insufficient Balance/],
    ['403', 403, 'upstream_misconfigured', /answered 403: You may not use this model/],
    ['404', 404, 'upstream_rejected', /answered 404: The model does not exist/],
    ['422', 422, 'upstream_rejected', /answered 422/],
    ['429', 429, 'rate_limit_exceeded', /answered 429: Slow down/],
    ['429-quota', 429, 'upstream_misconfigured', /answered 429: You exceeded your quota/],
    ['500', 500, 'upstream_error', /answered 500: The server had an error/],
    ['503', 503, 'upstream_error', /answered 503: Overloaded/],
    ['string', 500, 'upstream_error', /answered 500: model runner has stopped/],
    ['number', 400, 'upstream_rejected', /answered 400: bad/],
    ['leak', 400, 'upstream_rejected', /answered 400: Refused/],
  ])('names status and cause of sandbox-error-%s', async (name, status, code, cause) => {
    await expectTold(`sandbox-error-${name}`, true, {
      headline: 'failed at the upstream in stage answer after ~ ms (upstream_error, status ~)',
      upstream: `answered ${status}, ~ ms in all (${code})`,
      ...UNDELIVERED,
      error: `${code}: `,
      cause,
    })
  })
})

describe('the story of an upstream that sent no answer', () => {
  test.each([
    ['html-error', true, 'answered 502', /answered 502/],
    ['html-200', true, 'answered 200', /answered 200 with a body that is not a chat completion/],
    ['html-200', false, 'answered 200', /answered 200 with a body that is not a chat completion/],
    ['error-in-200', true, 'answered 200', /reported an error in its answer: The upstream failed/],
    ['error-in-200', false, 'answered 200', /reported an error in its answer: The upstream failed/],
    ['error-first', true, 'answered 200', /reported an error in its answer: The sandbox failed/],
    ['empty-200', true, 'answered 200', /an event stream without a single event/],
    ['empty-200', false, 'answered 200', /answered 200 with an empty body/],
    ['garbage', true, 'answered 200', /without a single event|not JSON/],
    ['garbage', false, 'answered 200', /answered 200 with a body that is not a chat completion/],
    ['redirect', true, 'answered 307', /answered 307/],
    ['no-choices', false, 'answered 200', /with a body that is not a chat completion/],
  ])('names the cause of sandbox-%s, stream %s', async (name, stream, upstream, cause) => {
    await expectTold(`sandbox-${name}`, stream, {
      headline: 'failed at the upstream in stage answer after ~ ms (upstream_error, status 502)',
      upstream,
      ...UNDELIVERED,
      error: 'upstream_',
      cause,
    })
  })

  test.each([true, false])('names the silence of sandbox-hang, stream %s', async (stream) => {
    await expectTold('sandbox-hang', stream, {
      headline: 'timed out waiting for the upstream in stage upstream after ~ ms (timed_out, ',
      upstream: 'no answer, ~ ms in all (upstream_timeout)',
      ...UNDELIVERED,
      error: 'upstream_timeout: ',
      cause: /HEADERS_TIMEOUT/,
    })
  })
})

describe('the story of a stream that broke off', () => {
  const half = {
    streamed: '3 chunks, 12 characters, first byte after ~ ms',
    usage: 'estimated: 4 prompt + 3 completion tokens',
    money: 'held ~, charged 0.07, uncollected 0 (without a price',
  }

  test.each([
    ['error-midstream', 'upstream_error', /reported an error in its answer: The sandbox failed/],
    ['error-choices', 'upstream_error', /reported an error in its answer: The sandbox failed/],
    ['error-field', 'upstream_error', /reported an error in its answer: The sandbox failed/],
    ['cut-midstream', 'upstream_error', /UND_ERR_SOCKET: other side closed/],
    ['end-without-finish', 'upstream_incomplete', /closed the stream without a finish_reason/],
  ])('names what was streamed before the end of sandbox-%s', async (name, code, cause) => {
    await expectTold(`sandbox-${name}`, true, {
      headline: 'broken off mid-stream by the upstream in stage answer after ~ ms (upstream_broken',
      upstream: `answered 200, ~ ms in all (${code})`,
      ...half,
      error: `${code}: `,
      cause,
    })
  })

  test('names what was streamed before the silence of sandbox-hang-midstream', async () => {
    await expectTold('sandbox-hang-midstream', true, {
      headline: 'timed out waiting for the upstream in stage answer after ~ ms (timed_out, ',
      upstream: 'answered 200, ~ ms in all (upstream_timeout)',
      ...half,
      error: 'upstream_timeout: ',
      cause: /BODY_TIMEOUT/,
    })
  })
})

describe('the story of a defect in the usage', () => {
  const cards = ['no-usage', 'usage-null', 'usage-zero', 'usage-negative', 'usage-string']

  test.each([...cards, 'usage-nan', 'usage-total-only'])(
    'tells that sandbox-%s was charged by the estimate',
    async (name) => {
      await expectTold(`sandbox-${name}`, true, {
        headline: 'completed after ~ ms (completed, status 200)',
        upstream: 'answered 200, ~ ms in all',
        streamed: '~ chunks, 15 characters, first byte after ~ ms',
        usage: 'estimated: 4 prompt + 4 completion tokens',
        money: 'held ~, charged 0.08, uncollected 0 (without a price',
      })
    },
  )

  test('tells that reported tokens were charged, with cached and reasoning ones', async () => {
    const usage = {
      prompt_tokens: 40,
      completion_tokens: 30,
      prompt_tokens_details: { cached_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 20 },
    }
    const response = await call(customer.key, 'sandbox-echo', false, { sandbox: { usage } })
    const { lines } = await tell(proxy, response)
    expect(lines.get('streamed')?.[0]).toMatch(/^one piece, 15 characters, first byte after \d+ ms/)
    expect(lines.get('usage')).toEqual([
      'reported: 40 prompt + 30 completion tokens (10 cached, 20 reasoning, estimated 8)',
    ])
  })
})

test('the story of every card names its upstream and what it was charged', async () => {
  for (const card of Object.keys(CARDS)) {
    const { key, accountId } = await proxy.customer('100')
    const response = await call(key, card, true, { sandbox: { delay_ms: 0 } })
    await response.text().catch(() => '')
    const record = await proxy.settled(response.headers.get('x-request-id') as string)
    const { lines } = readStory(record.id, storyOf(record))
    expect(lines.get('upstream')?.[0], card).toContain(at)
    const charged = lines.get('money')?.[0]?.match(/charged ([0-9.]+)/)?.[1]
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    expect(Number(charged), card).toBeCloseTo(100 - Number(body.posted), 6)
  }
})
