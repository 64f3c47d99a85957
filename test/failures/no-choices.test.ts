import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { events, json, startUpstream } from './scripted-upstream.ts'

let isStream = false
let answer: object = {}
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => {
    if (isStream) events(JSON.stringify(answer), '[DONE]')(response)
    else json(answer)(response)
  })
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const MESSAGES = [{ role: 'user', content: 'Hi' }]
const USAGE = { prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 }

test.each([
  ['/chat/completions', { messages: MESSAGES }],
  ['/completions', { prompt: 'Hi' }],
])(
  'an answer of %s without a choice is an error, as a stream and in one piece',
  async (path, body) => {
    for (const said of [{ choices: [] }, { choices: [], usage: USAGE }]) {
      for (const stream of [false, true]) {
        answer = said
        isStream = stream
        const answered = await run(proxy, path, { model: 'm', stream, ...body })
        const { status, text, record, account } = answered
        if (!stream) expect(status).toBe(502)
        expect(text).toContain('"error":{"message"')
        expect(text).not.toContain('[DONE]')
        expect(record).toMatchObject({ charged: '0', usage_source: null })
        expect(account.held).toBe('0')
      }
    }
  },
)
