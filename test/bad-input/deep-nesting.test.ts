import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const LEVELS = 20_000
const DEEP = '['.repeat(LEVELS) + ']'.repeat(LEVELS)
const DEEP_OBJECT = '{"a":'.repeat(LEVELS) + 1 + '}'.repeat(LEVELS)

const MODEL = '"model":"sandbox-echo"'
const MESSAGES = '"messages":[{"role":"user","content":"Hi"}]'
const INPUT = `{"type":"tool_use","id":"t","name":"n","input":${DEEP_OBJECT}}`

/** Values that a model reads as JSON. */
const BODIES: [path: string, what: string, member: string, rest: string][] = [
  ['/chat/completions', 'tools', `"tools":[${DEEP}]`, MESSAGES],
  ['/chat/completions', 'a format', `"response_format":{"json_schema":${DEEP_OBJECT}}`, MESSAGES],
  [
    '/chat/completions',
    'an input of a tool',
    `"messages":[{"role":"user","content":[${INPUT}]}]`,
    '"x":1',
  ],
  ['/responses', 'tools', `"tools":[${DEEP}]`, '"input":"Hi"'],
  ['/responses', 'a format', `"text":{"format":{"schema":${DEEP_OBJECT}}}`, '"input":"Hi"'],
  ['/messages', 'tools', `"tools":[${DEEP}]`, `"max_tokens":9,${MESSAGES}`],
]

test.each(BODIES)('%s takes %s of 20,000 levels', async (path, _what, member, rest) => {
  const { status, record, account } = await run(proxy, path, `{${MODEL},${member},${rest}}`)
  expect(status).toBe(200)
  expect(record).toMatchObject({ outcome: 'completed' })
  expect(account.held).toBe('0')
})

test('a prompt of a deep value is counted before it is refused', async () => {
  const body = `{${MODEL},"stream":true,"tools":[${DEEP}],${MESSAGES}}`
  const { status } = await run(proxy, '/chat/completions', body, '0.1')
  expect(status).toBe(402)
})
