import { expect, test } from 'vitest'
import { chatCompletions } from '../../src/endpoints/chat-completions.ts'
import type { Endpoint } from '../../src/endpoints/endpoint.ts'
import { messages } from '../../src/endpoints/messages.ts'
import { responses } from '../../src/endpoints/responses.ts'

const TOOLS = [{ type: 'function', name: 'weather', parameters: { type: 'object' } }]
const SCHEMA = { name: 'city', schema: { type: 'object', properties: {} } }
const ASK = { model: 'm', max_tokens: 9 }
const CHAT = { ...ASK, messages: [{ role: 'user', content: 'Hi' }] }
const RESPONSE = { ...ASK, input: 'Hi' }

const CASES = [
  ['tools of a chat completion', chatCompletions, CHAT, { tools: TOOLS }, TOOLS],
  ['functions of a chat completion', chatCompletions, CHAT, { functions: TOOLS }, TOOLS],
  [
    'the schema of a chat completion',
    chatCompletions,
    CHAT,
    { response_format: { type: 'json_schema', json_schema: SCHEMA } },
    SCHEMA,
  ],
  ['tools of a response', responses, RESPONSE, { tools: TOOLS }, TOOLS],
  [
    'the schema of a response',
    responses,
    RESPONSE,
    { text: { format: { type: 'json_schema', name: 'city', schema: SCHEMA.schema } } },
    SCHEMA.schema,
  ],
  ['tools of a message', messages, CHAT, { tools: TOOLS }, TOOLS],
] as const

const charactersOf = (endpoint: Endpoint, body: object) =>
  endpoint.read(Buffer.from(JSON.stringify(body)), 'application/json').prompt.characters

const FREE = 'free text '.repeat(9)

test.each([
  [
    'of a chat completion',
    chatCompletions,
    { role: 'assistant', tool_calls: [{ id: 'i', type: 'custom', custom: { input: FREE } }] },
  ],
  ['of a response', responses, { type: 'custom_tool_call', call_id: 'i', input: FREE }],
])('what a model said to a custom tool %s counts when it is told again', (_, endpoint, told) => {
  const body = { ...ASK, messages: [told], input: [told] }
  expect(charactersOf(endpoint as Endpoint, body)).toBe(FREE.length)
  const request = (endpoint as Endpoint).read(Buffer.from(JSON.stringify(body)), '')
  expect((endpoint as Endpoint).promptText(request)?.text).toBe(FREE)
})

test.for(CASES)('%s count as its prompt', ([, endpoint, body, more, read]) => {
  const counted = charactersOf(endpoint as Endpoint, { ...body, ...more })
  const without = charactersOf(endpoint as Endpoint, body)
  expect(counted - without).toBe(JSON.stringify(read).length)
})
