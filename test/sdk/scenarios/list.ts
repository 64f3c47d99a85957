import { answers, bigIntegers, toolCalls } from './answers.ts'
import { breaks, failedResponse } from './breaks.ts'
import { defects } from './defects.ts'
import { leaving } from './leaving.ts'
import { embeddingFormats, media, models } from './media.ts'
import { emptyAnswers, ledgerAway, rateLimit, refusals } from './refusals.ts'
import type { Media, Scenario, Surface } from './scenario.ts'

/** What may happen wherever text is asked for. */
function texts(surface: Surface): Scenario[] {
  return [
    ...answers(surface),
    ...(surface === 'completions' ? [] : toolCalls(surface)),
    ...refusals(surface),
    ...emptyAnswers(surface),
    ...rateLimit(surface),
    ...ledgerAway(surface),
    ...breaks(surface),
    ...leaving(surface),
  ]
}

/** What may happen where the answer is not text, and comes in one piece. */
function others(endpoint: Media): Scenario[] {
  return [...media(endpoint), ...refusals(endpoint), ...ledgerAway(endpoint)]
}

/** The rows of the matrix, by endpoint. */
export const SCENARIOS: Scenario[] = [
  ...texts('chat'),
  ...bigIntegers('chat'),
  ...defects('chat'),
  ...texts('completions'),
  ...texts('responses'),
  ...bigIntegers('responses'),
  ...failedResponse(),
  ...texts('messages'),
  ...others('embeddings'),
  ...embeddingFormats(),
  ...others('moderations'),
  ...others('images'),
  ...others('speech'),
  ...others('transcription'),
  ...models(),
]
