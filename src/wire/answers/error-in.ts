import { asObject } from './answer.ts'

/** Reasons of an end that is a failure: of Mistral and OpenRouter, of DeepSeek, of Z.ai. */
const FAILURES = new Set(['error', 'insufficient_system_resource', 'network_error'])

/**
 * The error that a chunk or a whole answer tells instead of what it was asked for (W-39, W-64).
 * @returns its object or text; null where there is none
 */
export function errorIn(answer: Record<string, unknown>): unknown {
  const { object, error, base_resp: base, choices } = answer
  if (object === 'error') return answer
  return error ?? errorOfBase(asObject(base)) ?? errorOfChoices(choices)
}

/** As MiniMax tells it, beside choices that are null; its code is 0 where all is well. */
function errorOfBase(base: Record<string, unknown> | null): unknown {
  return base?.status_code ? { message: base.status_msg, code: base.status_code } : null
}

/** A choice that failed, which clients take for one that ended. */
function errorOfChoices(choices: unknown): unknown {
  if (!Array.isArray(choices)) return null
  const failed = asObject(choices.find((one) => FAILURES.has(one?.finish_reason)))
  return failed && (failed.error || { message: `The answer ended with ${failed.finish_reason}.` })
}
