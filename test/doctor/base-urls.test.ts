import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { baseUrlsFor, isSameBase, redirectedBase } from '../../src/doctor/base-urls.ts'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { baseOf, examine, quirksOf, startHospital } from './patient.ts'

describe('a base URL as people enter it', () => {
  let proxy: Tollkeeper
  beforeAll(async () => {
    proxy = await startHospital()
  })
  afterAll(() => proxy.close())

  test.each([
    ['without /v1', '', ['other-base-url']],
    ['with a slash and without /v1', '/', ['other-base-url']],
    ['with /v1 twice', '/v1/v1', ['other-base-url']],
    ['of an endpoint', '/v1/chat/completions', ['other-base-url']],
    ['of another endpoint', '/v1/models/', ['other-base-url']],
    ['with a slash at its end', '/v1/', []],
    ['as it should be', '/v1', []],
  ])('%s is led to the one that works', async (_, path, quirks) => {
    const base_url = baseOf(proxy, 'none', path)
    const diagnosis = await examine(proxy, { base_url, model: 'a-model' })
    expect(diagnosis.base_url).toBe(baseOf(proxy, 'none'))
    expect(quirksOf(diagnosis)).toEqual(quirks)
  })

  test('keeps the query it has', async () => {
    const base_url = baseOf(proxy, 'needs-api-version', '/v1?api-version=7')
    const diagnosis = await examine(proxy, { base_url, model: 'a-model' })
    expect(diagnosis).toMatchObject({ base_url, verdict: 'ok' })
  })
})

test.each([
  ['https://openrouter.ai', 'https://openrouter.ai/api/v1'],
  ['https://api.groq.com/', 'https://api.groq.com/openai/v1'],
  ['https://h.example/v1/v1/', 'https://h.example/v1'],
  ['https://h.example/a//b/', 'https://h.example/a/b/v1'],
  ['https://h.example/v1', 'https://h.example'],
  [
    'https://x.openai.azure.com/openai/deployments/d',
    'https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-21',
  ],
])('for %s, %s is tried too', (given, candidate) => {
  const candidates = baseUrlsFor(new URL(given))
  expect(candidates).toContain(candidate)
  expect(candidates.length).toBeLessThanOrEqual(6)
  expect(isSameBase(candidates[0] as string, given.replace(/([^:])\/\//, '$1/'))).toBe(true)
})

test.each([
  ['https://h.example/v1/chat/completions', 'https://h.example/v1'],
  ['/v2/chat/completions', 'http://h.example/v2'],
  ['http://h.example:81/v1/chat/completions', null],
  ['https://evil.example/v1/chat/completions', null],
  ['https://h.example/login', null],
  ['http://[', null],
])('a redirect to %s leads to the base URL %s', (location, base) => {
  expect(redirectedBase('http://h.example/v1', location)).toBe(base)
})

test('a redirect from TLS to plain HTTP leads nowhere', () => {
  const location = 'http://h.example/v1/chat/completions'
  expect(redirectedBase('https://h.example/v1', location)).toBeNull()
})
