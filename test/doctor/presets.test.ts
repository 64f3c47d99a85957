import { afterAll, beforeAll, expect, test } from 'vitest'
import { PRESETS, recognise } from '../../src/doctor/presets.ts'
import { cliOf } from '../cli/tollkeeper.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { examine, startHospital } from './patient.ts'
import { sendJson, startScripted } from './scripted.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const anywhere = { baseUrl: 'https://llm.example.com/v1', models: [], headers: {} }
const model = (ownedBy: string | null) => [{ id: 'm', ownedBy }]

test.each<[string | null, Partial<Parameters<typeof recognise>[0]>]>([
  ['vllm', { models: model('vllm') }],
  ['sglang', { models: model('sglang') }],
  ['llama.cpp', { models: model('llamacpp') }],
  ['llama.cpp', { headers: { server: 'llama.cpp' } }],
  ['ollama', { models: model('library') }],
  ['groq', { baseUrl: 'https://api.groq.com/openai/v1' }],
  ['perplexity', { baseUrl: 'https://api.perplexity.ai' }],
  ['azure', { baseUrl: 'https://acme.openai.azure.com/openai/v1' }],
  [null, { baseUrl: 'https://api.groq.com.evil.example/v1' }],
  [null, { baseUrl: 'https://notapi.groq.com/v1' }],
  [null, { models: model(null), headers: { server: 'nginx' } }],
])('the preset %s is recognised by %o', (preset, seen) => {
  expect(recognise({ ...anywhere, ...seen })).toBe(preset)
})

test('the doctor names a well-known server', async () => {
  const upstream = await startScripted((req, res) => {
    if (req.method === 'POST') sendJson(res, 400, { error: { message: 'no' } })
    else sendJson(res, 200, { data: [{ id: 'm', owned_by: 'vllm' }] })
  })
  const hospital = await startHospital()
  const { preset } = await examine(hospital, { base_url: upstream.url })
  expect(preset).toBe('vllm')
  await Promise.all([hospital.close(), upstream.close()])
})

test('what the doctor could not see of a well-known server is as it is known', async () => {
  const message = { role: 'assistant', content: 'Yes.' }
  const answer = { choices: [{ index: 0, message, finish_reason: 'stop' }] }
  const upstream = await startScripted((req, res) => {
    if (req.method === 'POST')
      sendJson(res, 200, answer) // so short that no limit is reached
    else sendJson(res, 200, { data: [{ id: 'm', owned_by: 'library' }] })
  })
  const hospital = await startHospital()
  const { preset, profile } = await examine(hospital, { base_url: upstream.url })
  expect([preset, profile.output_limit]).toEqual(['ollama', 'max_tokens'])
  await Promise.all([hospital.close(), upstream.close()])
})

test.each(Object.entries(PRESETS))(
  'a provider can be made from the preset %s',
  async (preset, { baseUrl }) => {
    const own = 'https://llm.example.com/v1'
    const given = baseUrl === undefined ? { base_url: own } : {}
    const made = await proxy.admin('PUT', `/providers/${preset}-1`, { preset, ...given })
    expect([made.status, made.body.base_url]).toEqual([200, baseUrl ?? own])
    const base_url = 'https://other.example.com/v1'
    const moved = await proxy.admin('PUT', `/providers/${preset}-1`, { preset, base_url })
    expect(moved.body).toEqual({ ...made.body, base_url })
  },
)

test('what is said of a provider stands above its preset', async () => {
  const settings = { preset: 'deepseek', profile: { output_limit: 'max_tokens' } }
  const { body } = await proxy.admin('PUT', '/providers/deep', settings)
  expect(body.profile).toMatchObject({ developer_role: 'system', output_limit: 'max_tokens' })
  const kept = { preset: 'deepseek', profile: { developer_role: 'keep' } }
  const other = await proxy.admin('PUT', '/providers/deep', kept)
  expect(other.body.profile).toMatchObject({ developer_role: 'keep', output_limit: 'as_sent' })
})

test('a preset without an address needs a base URL, and one that is not there is refused', async () => {
  const homeless = await proxy.admin('PUT', '/providers/p', { preset: 'vllm' })
  expect([homeless.status, homeless.body.error.param]).toEqual([400, 'base_url'])
  const unknown = await proxy.admin('PUT', '/providers/p', { preset: 'skynet' })
  expect([unknown.status, unknown.body.error.param]).toEqual([400, 'preset'])
})

test('provider set takes a preset, in the place of quirks that are stored', async () => {
  const cli = cliOf(proxy)
  await cli.text('provider set acme --base-url https://api.example.com/v1 --stream-options omit')
  const { base_url, profile } = await cli.json('provider set acme --preset deepseek')
  expect(base_url).toBe('https://api.example.com/v1')
  expect(profile).toMatchObject({ stream_options: 'send', developer_role: 'system' })
})
