import type { PromptSize } from '../bounds.ts'
import type { Rate } from './price.ts'
import { withoutInputAudio } from './special-price.ts'

/**
 * The rate that a request's credits are held at. Audio costs many times what text does, so that a
 * prompt of nothing but text is not held as if it might be some.
 */
export function heldRate(rate: Rate, { mediaTokens }: Pick<PromptSize, 'mediaTokens'>): Rate {
  const { special } = rate
  if (special === undefined || mediaTokens > 0) return rate
  return { ...rate, special: withoutInputAudio(special) }
}
