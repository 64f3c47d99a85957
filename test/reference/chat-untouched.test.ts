import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { chatSchema } from '../../src/routes/v1/chat-reference.ts'
import { startProxy } from '../harness/proxy.ts'

/** Odd on purpose. */
const ANSWER =
  '{ "zeta":1,  "choices":[{"index":0,"message":{"role":"assistant","content":"Hi","odd":[]},' +
  '"finish_reason":"stop"}], "usage":{"prompt_tokens":3,"completion_tokens":1},' +
  '"object":"chat.completion","id":"17","created":1.0,"model":"any" }'

const REQUEST =
  '{ "temperature":"hot", "model":"any",  "messages":[{"role":7,"content":"Hi"}],"n":null,' +
  '"max_tokens":8, "nobody_knows":{"a":[1,2.50]}, "user":5 }'

test('the reference neither validates chat completions nor serialises them', async () => {
  let received = ''
  const upstream = createServer(async (request, response) => {
    received = await text(request)
    response.setHeader('content-type', 'application/json').end(ANSWER)
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  const { port } = upstream.address() as AddressInfo
  const proxy = await startProxy({ env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` } })
  const { key } = await proxy.customer('1000')
  const response = await proxy.chat(key, null, { body: REQUEST, headers: headersFor(key) })
  expect(await response.text()).toBe(ANSWER)
  expect(received).toBe(REQUEST)
  await proxy.close()
  upstream.close()
})

test('the schema of chat completions has nothing that Fastify validates or serialises by', () => {
  const read = ['body', 'querystring', 'query', 'params', 'headers', 'response']
  expect(read.filter((name) => name in chatSchema)).toEqual([])
  expect(Object.keys(chatSchema)).toContain('answers')
})

function headersFor(key: string) {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
}
