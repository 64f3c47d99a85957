import { expect, test } from 'vitest'
import { chatCompletions } from '../../src/endpoints/chat-completions.ts'
import { completions } from '../../src/endpoints/completions.ts'

const ASK = Buffer.from('{"model":"m","messages":[],"prompt":"x"}')
const answer = (choice: string) => `{"n":1.0,"choices":[ {${choice}} ],"seed":9007199254740993}`

/** The choice that is sent for one of an upstream; null where the answer stays as it came. */
function repaired(choice: string, endpoint: typeof completions = chatCompletions): string | null {
  const request = endpoint.read(ASK, 'application/json')
  return endpoint.readAnswer(answer(choice), request, null, 'included').edited
}

test.each([
  [
    '"message":{"role":"assistant","content":"a"}',
    '"index":0,"message":{"role":"assistant","content":"a"}',
  ],
  [
    '"index":0,"message":{"role":"","content":1.0}',
    '"index":0,"message":{"role":"assistant","content":1.0}',
  ],
  ['"index":0,"message":{"content":"a"}', '"index":0,"message":{"role":"assistant","content":"a"}'],
  ['"index":0', '"message":{"role":"assistant","content":null},"index":0'],
  [
    '"index":0,"message":{"role":"assistant"},"finish_reason":"eos_token"',
    '"index":0,"message":{"role":"assistant"},"finish_reason":"stop"',
  ],
  [
    '"index":0,"message":{"role":"assistant"},"finish_reason":"eos"',
    '"index":0,"message":{"role":"assistant"},"finish_reason":"stop"',
  ],
  [
    '"index":0,"message":{"role":"assistant"},"finish_reason":"model_length"',
    '"index":0,"message":{"role":"assistant"},"finish_reason":"length"',
  ],
])('in an answer in one piece {%s} becomes {%s}', (before, after) => {
  expect(repaired(before)).toBe(answer(after))
})

test('a sound answer in one piece stays as it came', () => {
  const choice =
    '"index":3,"message":{"role":"assistant","content":null,"x":1.0},"finish_reason":null'
  expect(repaired(choice)).toBe(null)
  expect(repaired('"text":"a","index":0,"finish_reason":"stop"', completions)).toBe(null)
})

test('a completion in one piece is given the places of its choices, and no message', () => {
  expect(repaired('"text":"a"', completions)).toBe(answer('"index":0,"text":"a"'))
})
