import { describe, expect, test } from 'vitest'
import { chatCompletions } from '../../src/endpoints/chat-completions.ts'
import { responses } from '../../src/endpoints/responses.ts'
import { sseEvent } from '../../src/wire/sse/events.ts'
import { SseScanner } from '../../src/wire/sse/sse-scanner.ts'
import type { StreamTap } from '../../src/wire/sse/stream-tap.ts'
import { chunk, tapped } from './tap.ts'

/** What a model may say in a delta or a message, and the text of it that is charged. */
const SAID: [said: object, text: string][] = [
  [{ content: 'a', refusal: 'b' }, 'ab'],
  [{ reasoning_content: 'why', content: null }, 'why'],
  [{ reasoning: 'why' }, 'why'],
  [{ reasoning_content: '', reasoning: 'why' }, 'why'],
  [{ reasoning_details: [{ type: 'reasoning.text', text: 'wh' }, { text: 'y' }, null] }, 'why'],
  [{ reasoning: 'why', reasoning_details: [{ text: 'why' }] }, 'why'],
  [{ reasoning_details: [{ type: 'reasoning.encrypted', data: 'xxxx' }] }, ''],
  [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'why' }] }] }, 'why'],
  [
    { content: [{ type: 'text', text: 'a' }, null, { type: 'reference', reference_ids: [1] }] },
    'a',
  ],
  [{ content: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'why' }] }] }, 'why'],
  [{ audio: { id: 'audio_1', data: 'QUJD', transcript: 'said' } }, 'said'],
  [{ tool_calls: [{ id: 'i', function: { name: 'f', arguments: '{}' } }] }, 'f{}'],
  [{ tool_calls: [{ id: 'i', custom: { name: 'c', input: 'free' } }] }, 'cfree'],
  [{ tool_calls: [null, {}, { function: null }] }, ''],
  [{ function_call: { name: 'old', arguments: '{}' } }, 'old{}'],
  [{ role: 'assistant', obfuscation: 'xxxx', annotations: [{ text: 'no' }] }, ''],
]

describe.each(SAID)('of %j', (said, text) => {
  test('the same is counted in a stream and in one piece', () => {
    const delta = chunk(JSON.stringify({ index: 0, delta: said, logprobs: { content: ['x'] } }))
    expect(tapped([delta]).tap.text).toBe(text)
    const body = JSON.stringify({ choices: [{ index: 0, message: said }] })
    const request = chatCompletions.read(
      Buffer.from('{"model":"m","messages":[]}'),
      'application/json',
    )
    const answer = chatCompletions.readAnswer(body, request, null, 'included')
    expect(answer.completion).toBe(text)
    expect(answer.delivered.completionLength).toBe(text.length)
  })
})

test('of a response every kind of delta counts but bytes of audio', () => {
  const kinds = [
    ...['output_text', 'refusal', 'reasoning_text', 'reasoning_summary_text'],
    ...['function_call_arguments', 'custom_tool_call_input', 'mcp_call_arguments'],
    ...['code_interpreter_call_code', 'audio'],
  ]
  const tap = responses.tap?.({} as never, { keepText: true }) as StreamTap
  const scanner = new SseScanner(1_000, true)
  for (const [at, kind] of kinds.entries()) {
    const type = `response.${kind}.delta`
    const data = JSON.stringify({ type, delta: `${at}`, item_id: 'x', obfuscation: 'xx' })
    for (const event of scanner.push(Buffer.from(sseEvent(data, type)))) tap.read(event)
  }
  expect(tap.text).toBe('01234567')
})
