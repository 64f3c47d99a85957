import { readUsage, withReasoning } from '../../domain/usage/read-usage.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import type { Profile } from '../profile.ts'
import type { ChoicesRequest } from '../requests/choices-request.ts'
import { repairedAnswer } from '../sse/choice-repairs.ts'
import { oddUsage } from '../usage/odd-usage.ts'
import { reportedCalls } from '../usage/reported-calls.ts'
import { usageIn } from '../usage/reported-usage.ts'
import { type Answer, asObject, parseObject, renamed } from './answer.ts'
import { ChoiceText } from './choice-text.ts'
import { errorIn } from './error-in.ts'
import { jsonAsStream } from './json-as-stream.ts'

/**
 * Reads a chat completion or a completion. Never throws: `isAnswer` tells what is neither.
 * @param isChat its choices have messages
 */
export function readChoicesAnswer(
  isChat: boolean,
  body: string,
  { wantsUsage }: ChoicesRequest,
  alias: string | null,
  reasoningTokens: Profile['reasoningTokens'] = 'included',
): Answer {
  const value = parseObject(body)
  const choices = Array.isArray(value?.choices) ? value.choices : null
  const said = new ChoiceText(true)
  for (const choice of choices ?? []) said.addChoice(asObject(choice) ?? {})
  const wire = value && usageIn(value)
  const read = readUsage(wire)
  const isApart = read !== null && reasoningTokens === 'excluded'
  const usage = isApart ? withReasoning(read, wire, said.reasoningLength) : read
  const repaired = choices && repairedAnswer(body, choices, isChat)
  const edited = choices && (renamed(repaired ?? body, value, alias) ?? repaired)
  const reported = (estimated: Usage) => (usage === null ? usageBody(estimated) : wire)
  return {
    error: value && errorIn(value),
    isAnswer: (choices?.length ?? 0) > 0, // of no choices it is empty, as a stream of none is
    usage,
    oddUsage: oddUsage(value?.usage),
    completion: said.text,
    delivered: {
      chunkCount: 0,
      completionLength: said.completionLength,
      mediaTokens: said.mediaTokens,
      toolCalls: reportedCalls(value?.usage),
    },
    edited,
    asStream: choices
      ? (estimated) => jsonAsStream(edited ?? body, wantsUsage ? reported(estimated) : null)
      : null,
  }
}

/** A `usage` object of our own, where the upstream sent none. */
export function usageBody({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}
