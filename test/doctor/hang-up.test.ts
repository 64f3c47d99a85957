import { expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { putModel } from '../routing/setup.ts'
import { baseOf, examine, startHospital } from './patient.ts'

test('a hang-up is charged by the upstream that reports in every chunk if asked', async () => {
  const proxy = await startHospital()
  const { key } = await proxy.customer('1000')
  const { base_url, profile } = await examine(proxy, {
    base_url: baseOf(proxy, 'usage-continuous'),
    model: 'a-model',
  })
  expect(profile.stream_options).toBe('continuous')
  await proxy.admin('PUT', '/providers/vllm', { base_url, profile })
  await putModel(proxy, 'a-model', [{ provider: 'vllm' }])

  const client = new AbortController()
  const messages = [{ role: 'user', content: 'Say this, slowly, and say all of it to me.' }]
  // 7 is no count of anything: an estimate would not be 7, nor 7 chunks come until it has gone.
  const sandbox = { first_delay_ms: 0, delay_ms: 1_000, completion_tokens: 7 }
  const body = { model: 'a-model', stream: true, messages, sandbox }
  const answer = await proxy.chat(key, body, { signal: client.signal })
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (!/"content":"[^"]/.test(text))
    text += Buffer.from((await reader.read()).value ?? []).toString()
  expect(text).not.toContain('usage')
  client.abort()
  const record = await proxy.settled(answer.headers.get('x-request-id') as string)
  expect(record).toMatchObject({ outcome: 'client_gone', usage_source: 'reported' })
  expect(record.completion_tokens).toBe(7)
  await eventually(() => proxy.sandbox.open() === 0 || undefined)
  await proxy.close()
})
