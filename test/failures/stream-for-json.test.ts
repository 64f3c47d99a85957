import { afterAll, beforeAll, expect, test } from 'vitest'
import { send } from '../endpoints/run.ts'
import { SAMPLES, type Sample } from '../endpoints/samples.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask, expectFailure } from './expect-failure.ts'
import { chunk, events, startUpstream } from './scripted-upstream.ts'

const NEVER_ASKED = [chunk({ role: 'assistant', content: 'secret' }, 'stop'), '[DONE]']

let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
let scripted: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream(events(...NEVER_ASKED))
  proxy = await startProxy()
  scripted = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await scripted.close()
  await upstream.close()
})

test('an event stream that answers a request without a stream is a 502', async () => {
  await expectFailure(proxy, ask('sandbox-stream-for-json', false), {
    status: 502,
    code: 'upstream_error',
    outcome: 'upstream_error',
    cause: /not a chat completion/,
  })
})

const EACH: [path: string, sample: Sample, more: object][] = [
  ...SAMPLES.map((sample): [string, Sample, object] => [sample.path, sample, {}]),
  ...SAMPLES.filter(({ path }) => path === '/audio/transcriptions').map(
    (sample): [string, Sample, object] => [
      `${sample.path} as text`,
      sample,
      { response_format: 'text' },
    ],
  ),
]

test.each(EACH)('%s never relays a stream that it did not ask for', async (_, sample, more) => {
  const { key, accountId } = await scripted.customer('1000')
  const response = await send(scripted, key, sample.path, sample.ask('m', false, more))
  const text = await response.text()
  expect(response.status, text).toBe(502)
  expect(text).not.toContain('secret')
  await scripted.settled(response.headers.get('x-request-id') as string)
  const { body } = await scripted.admin('GET', `/accounts/${accountId}`)
  expect(body).toMatchObject({ posted: '1000', held: '0' })
})
