import { completionJson } from '../answers/completion.ts'
import type { Dialect } from '../dialect.ts'
import { type ChoiceForm, TEXT_MARK, tellChoices } from './choices.ts'

const DELTAS = {
  content: `{"content":${TEXT_MARK}}`,
  reasoning_content: `{"reasoning_content":${TEXT_MARK}}`,
  tool_name:
    '{"tool_calls":[{"index":0,"id":"call_sandbox","type":"function",' +
    `"function":{"name":${TEXT_MARK},"arguments":""}}]}`,
  tool_arguments: `{"tool_calls":[{"index":0,"function":{"arguments":${TEXT_MARK}}}]}`,
} as const

const FORM: ChoiceForm = {
  object: 'chat.completion.chunk',
  opening: (index) => choiceJson(index, '{"role":"assistant","content":""}', null),
  saying: (index, field) => choiceJson(index, DELTAS[field], null),
  closing: (index, finish) => choiceJson(index, '{}', finish),
}

/** POST /chat/completions. */
export const CHAT: Dialect = {
  last: '[DONE]',
  tell: (script) => tellChoices(script, FORM),
  whole: ({ envelope, request, answer }, usage) =>
    completionJson(envelope, request.choices, answer, usage),
}

/** The JSON text of one choice in a chunk; `delta` is JSON text too. */
function choiceJson(index: number, delta: string, finish: string | null): string {
  const reason = finish === null ? 'null' : `"${finish}"`
  return `{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${reason}}`
}
