import {
  type Delivered,
  type EstimationMethod,
  estimateCompletion,
  tokensOfCharacters,
  type Usage,
  usageOf,
} from './domain/usage.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { ChatRequest } from './wire/chat-request.ts'
import { promptText } from './wire/prompt.ts'

/** Worth of the prompt and of what was delivered, when the upstream does not report it. */
export type Estimator = (
  reported: Usage | null,
  delivered: Delivered,
  text: () => string,
) => Usage | Promise<Usage>

/**
 * Counts what nobody reported. A promise only where text has to be tokenised, so that all other
 * answers end in the turn in which they are complete.
 */
export function createEstimator(
  { prompt, messages }: ChatRequest,
  method: EstimationMethod,
  tokenizer: Tokenizer,
): Estimator {
  const byLength = (delivered: Delivered) =>
    usageOf(tokensOfCharacters(prompt.characters), estimateCompletion(method, delivered))
  return (reported, delivered, text) => {
    if (method !== 'tokenizer' || reported !== null || delivered.completionLength === 0) {
      return byLength(delivered)
    }
    const counts = [tokenizer.count(promptText(messages)), tokenizer.count(text())]
    return Promise.all(counts).then(([promptTokens, completionTokens]) => {
      const fallback = byLength(delivered)
      return usageOf(
        promptTokens ?? fallback.promptTokens,
        completionTokens || fallback.completionTokens,
      )
    })
  }
}
