import type { Usage as CatalogueUsage, MatchLogic, ModelInfo } from '@pydantic/genai-prices'
import type { Usage } from '../../src/domain/usage/usage.ts'

/** A usage in the words of the catalogue. */
export function inItsWords(usage: Usage): CatalogueUsage {
  const { toolCalls = {} } = usage
  return {
    input_tokens: usage.promptTokens,
    cache_read_tokens: usage.cachedTokens,
    cache_write_tokens: usage.cacheWriteTokens ?? 0,
    cache_write_1h_tokens: usage.cacheWrite1hTokens ?? 0,
    input_audio_tokens: usage.inputAudioTokens ?? 0,
    cache_audio_read_tokens: usage.cachedAudioTokens ?? 0,
    input_image_tokens: usage.inputImageTokens ?? 0,
    cache_image_read_tokens: usage.cachedImageTokens ?? 0,
    output_tokens: usage.completionTokens,
    output_reasoning_tokens: usage.reasoningTokens,
    output_audio_tokens: usage.outputAudioTokens ?? 0,
    output_image_tokens: usage.outputImageTokens ?? 0,
    web_searches: toolCalls.web_search_call ?? 0,
    storage_searches: toolCalls.file_search_call ?? 0,
  }
}

/** Names that a model is meant by: its id, and some for each clause of its rule. */
export function namesOf({ id, match }: ModelInfo): string[] {
  return [id, id.toUpperCase(), ...namesLike(match)]
}

function namesLike(clause: MatchLogic): string[] {
  if ('or' in clause) return clause.or.flatMap(namesLike)
  if ('equals' in clause) return [clause.equals]
  if ('starts_with' in clause) return [clause.starts_with, `${clause.starts_with}-20250514`]
  if ('ends_with' in clause) return [clause.ends_with, `any-${clause.ends_with}`]
  if ('contains' in clause) return [clause.contains, `any-${clause.contains}-any`]
  return []
}

/** Whether it has more than one flat price for each of the usual classes. */
export function isSpecial({ prices }: ModelInfo): boolean {
  const usual = ['input_mtok', 'output_mtok', 'cache_read_mtok']
  if (Array.isArray(prices)) return true
  return Object.entries(prices).some(([key, price]) => {
    return !usual.includes(key) || typeof price !== 'number'
  })
}
