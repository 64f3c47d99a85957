import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { chunk, events, startUpstream } from './scripted-upstream.ts'

let data: string[] = []
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => events(...data)(response))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const usage = (completion: number) => ({
  usage: { prompt_tokens: 9, completion_tokens: completion },
})
const HUNDRED_TOKENS = 'word'.repeat(100)
const EARLY = chunk({ role: 'assistant', content: 'Hi' }, null, usage(5))
const LATER = chunk({ content: HUNDRED_TOKENS })
const STALE = chunk({ content: HUNDRED_TOKENS }, null, usage(5))

const STREAMS: [what: string, data: string[], completion: number][] = [
  ['breaks off after much more text', [EARLY, LATER], 105],
  ['breaks off and repeats its first report', [EARLY, STALE, STALE], 205],
  ['breaks off right after its report', [EARLY, chunk({ content: '.' }, null, usage(60))], 60],
  ['reports no output, and breaks off', [chunk({ content: '12345678' }, null, usage(0))], 2],
  ['ends as it should', [EARLY, LATER, chunk({}, 'stop'), '[DONE]'], 5],
]

test.each(STREAMS)('an upstream that reports early and %s', async (_what, sent, completion) => {
  data = sent
  const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }
  const { record } = await run(proxy, '/chat/completions', body)
  expect(record).toMatchObject({
    outcome: sent.at(-1) === '[DONE]' ? 'completed' : 'upstream_broken',
    usage_source: 'reported',
    prompt_tokens: 9,
    completion_tokens: completion,
  })
})
