import {
  type Delivered,
  type EstimationMethod,
  estimateCompletion,
} from '../domain/usage/estimate.ts'
import { type Usage, usageOf } from '../domain/usage/usage.ts'
import { estimatePrompt, type PromptMeasure, type PromptText } from '../wire/requests/prompt.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Worth of the prompt and of what was delivered, when the upstream does not report it. */
export type Estimator = (
  reported: Usage | null,
  delivered: Delivered,
  text: () => string,
) => Usage | Promise<Usage>

/**
 * Counts what nobody reported. A promise only where text has to be tokenised, so that all other
 * answers end in the turn in which they are complete.
 * @param promptText null where it is not in memory any more
 */
export function createEstimator(
  measure: PromptMeasure,
  promptText: () => PromptText | null,
  method: EstimationMethod,
  tokenizer: Tokenizer,
): Estimator {
  const byLength = (delivered: Delivered) =>
    withMedia(usageOf(estimatePrompt(measure), estimateCompletion(method, delivered)), delivered)
  return (reported, delivered, text) => {
    if (method !== 'tokenizer' || reported !== null || delivered.completionLength === 0) {
      return byLength(delivered)
    }
    const prompt = promptText()
    const counts = [prompt && tokenizer.count(prompt.text), tokenizer.count(text())]
    return Promise.all(counts).then(([promptTokens, completionTokens]) => {
      const { mediaTokens = 0 } = delivered
      const fallback = byLength(delivered)
      const usage = usageOf(
        typeof promptTokens === 'number' ? promptTokens + measure.tokens : fallback.promptTokens,
        completionTokens ? completionTokens + mediaTokens : fallback.completionTokens,
      )
      return withMedia(usage, delivered)
    })
  }
}

/** What of an estimate is images. */
function withMedia(usage: Usage, { mediaTokens }: Delivered): Usage {
  return mediaTokens ? { ...usage, outputImageTokens: mediaTokens } : usage
}
