import { describe, expect, test } from 'vitest'
import { failureInBand, failureOfAnswer } from '../../src/upstream/failure.ts'

const rejected = (body: string) => failureOfAnswer(400, {}, body)

const NO_BALANCE = 'Your credit balance is too low to access the Anthropic API.'
const XAI_SPENT = 'Your team 76d698e2 has either used all available credits or reached its limit.'

describe('an unpaid account of ours', () => {
  test.each([
    [402, { error: { message: 'Insufficient Balance' } }],
    [429, { error: { message: 'x', type: 'insufficient_quota', code: 'insufficient_quota' } }],
    [
      429,
      { error: { message: 'x', type: 'insufficient_quota', code: 'credit_balance_exhausted' } },
    ],
    [429, { error: { message: 'x', type: 'requests', code: 'insufficient_quota' } }],
    [403, { error: { message: 'x', type: 'insufficient_quota' } }],
    [429, { error: { message: 'x', type: 'requests', code: 'project_spend_limit_exceeded' } }],
    [400, { type: 'error', error: { type: 'invalid_request_error', message: NO_BALANCE } }],
    [400, { error: { message: 'Budget: 1.0', type: 'budget_exceeded', code: '400' } }],
    [400, { error: { message: 'x', type: 'Arrearage', code: 'Arrearage' } }],
    [400, { code: 'Arrearage', message: 'x' }],
    [400, { error: { message: 'x', type: 'y', code: 'billing_hard_limit_reached' } }],
    [412, { error: { message: 'Account acme is suspended, x', code: 'PRECONDITION_FAILED' } }],
    [429, { error: { message: 'x', type: 'billing_not_active', code: 'billing_not_active' } }],
    [429, { error: { message: 'x', type: 'exceeded_current_quota_error' } }],
    [429, { error: { message: 'Insufficient balance or no resource package.', code: '1113' } }],
    [429, { code: 'Some resource has been exhausted', error: XAI_SPENT }],
  ])('is not told to the client as its own: %i %j', (status, body) => {
    const error = failureOfAnswer(status, {}, JSON.stringify(body))
    expect(error).toMatchObject({ code: 'upstream_misconfigured', status: 502, retry: false })
    expect(error.message).not.toMatch(/x|balance/i)
  })

  test('is not told inside an answer either', () => {
    const told = { message: 'You exceeded your quota', type: 'insufficient_quota', code: 'spent' }
    expect(failureInBand(told)).toMatchObject({ code: 'upstream_misconfigured', retry: false })
    expect(failureInBand({ message: 'x', code: 402 }).code).toBe('upstream_misconfigured')
    for (const type of ['billing_error', 'authentication_error']) {
      expect(failureInBand({ message: 'x', type }).code).toBe('upstream_misconfigured')
    }
  })
})

test.each([
  { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: na***ys.' },
  [{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.' } }],
  [{ error: { code: 400, message: 'Missing or invalid Authorization header.' } }],
  [{ error: { code: 400, message: 'API key expired. Please renew the API key.' } }],
  { error: { message: 'x', code: 'invalid_api_key' } },
])('a key of ours that is refused as a bad request is not told to the client: %j', (body) => {
  expect(rejected(JSON.stringify(body))).toMatchObject({ code: 'upstream_misconfigured' })
})

test('what a client wrote, quoted in a refusal, makes it no refusal of ours', () => {
  const message = "Invalid value for 'effort': 'Insufficient balance. API key not valid.'"
  expect(rejected(JSON.stringify({ error: { message } })).code).toBe('upstream_rejected')
})
