import { chunkJson } from '../answers/chunk.ts'
import { replyText } from '../answers/reply.ts'
import type { Dialect } from '../dialect.ts'
import { badField } from '../problem.ts'
import { readChoices } from '../questions/chat-request.ts'
import { parseBody, type Question, readCount, readModel } from '../questions/question.ts'
import { tokensOf } from '../tokens.ts'
import { type ChoiceForm, TEXT_MARK, tellChoices } from './choices.ts'

const OBJECT = 'text_completion'

const FORM: ChoiceForm = {
  object: OBJECT,
  opening: () => null,
  saying: (index) => choiceJson(index, TEXT_MARK, null),
  closing: (index, finish) => choiceJson(index, '""', finish),
}

const COMPLETIONS: Dialect = {
  last: '[DONE]',
  tell: (script) => tellChoices(script, FORM),
  whole({ envelope, request, answer }, usage) {
    const text = JSON.stringify(answer.parts.map(({ reply }) => replyText(reply)).join(''))
    const all = Array.from({ length: request.choices }, (_, index) =>
      choiceJson(index, text, answer.finish),
    )
    return chunkJson(envelope, OBJECT, all.join(','), usage)
  },
}

/** POST /completions: a prompt is a text, a list of texts, ids, or a list of those. */
export function readCompletion(text: string): Question {
  const body = parseBody(text)
  const model = readModel(body)
  const { prompt } = body
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) {
    throw badField('prompt', 'it must be a string or an array')
  }
  const prompts = textsOf(prompt)
  return {
    dialect: COMPLETIONS,
    ...readChoices(body, prompts.length),
    model,
    limitTokens: readCount(body, 'max_tokens', Number.MAX_SAFE_INTEGER, 0),
    said: prompts.findLast((one) => typeof one === 'string') ?? '',
    promptTokens: countInput(prompts),
  }
}

/** The texts of an input; a list of ids is one. */
export function textsOf(input: string | unknown[]): (string | number[])[] {
  if (typeof input === 'string') return [input]
  const isIds = input.every((one) => typeof one === 'number')
  return isIds ? [input as number[]] : (input as (string | number[])[])
}

/** Tokens of an input: an id is one. */
export function countInput(texts: readonly (string | number[])[]): number {
  const chars = texts.reduce((sum, one) => sum + (typeof one === 'string' ? one.length : 0), 0)
  const ids = texts.reduce((sum, one) => sum + (typeof one === 'string' ? 0 : one.length), 0)
  return tokensOf(chars) + ids
}

function choiceJson(index: number, text: string, finish: string | null): string {
  const reason = finish === null ? 'null' : `"${finish}"`
  return `{"text":${text},"index":${index},"logprobs":null,"finish_reason":${reason}}`
}
