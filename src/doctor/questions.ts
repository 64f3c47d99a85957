import type { OutputLimitName } from './observed.ts'

/** Output tokens a probe asks for: few enough to be cheap, enough to see a limit at work. */
export const OUTPUT_TOKENS = 16

/** Output tokens of the call that is broken off: there has to be something left to generate. */
export const ABANDONED_OUTPUT_TOKENS = 256

/** Chat completions an examination makes at most, and the output tokens they ask for in all. */
export const COMPLETIONS_MAX = 10
export const OUTPUT_TOKENS_MAX = (COMPLETIONS_MAX - 1) * OUTPUT_TOKENS + ABANDONED_OUTPUT_TOKENS

/** Its answer ends by itself, but well after OUTPUT_TOKENS, also where it is only repeated. */
const COUNT_TO_SIXTY =
  'Count from one to sixty in English words, separated by single spaces, like this: ' +
  'one two three four five six seven eight nine ten'

const COUNT_ON = COUNT_TO_SIXTY.replace('sixty', 'two hundred')

export type Question = {
  model: string
  /** The name of the output limit; null sends none. */
  limit: OutputLimitName | null
  stream?: boolean
  streamOptions?: Record<string, boolean> | null
  /** A first message of this role. */
  instructedAs?: 'developer' | 'system'
  /** The call that will be broken off. */
  isLong?: boolean
}

/** A chat completion that asks nothing: free, and answered with an error. */
export const NO_QUESTION = '{}'

/** The body of a chat completion. */
export function bodyOf(question: Question): string {
  const { model, limit, stream = false, streamOptions, instructedAs, isLong = false } = question
  const instruction = { role: instructedAs, content: 'Answer in English.' }
  return JSON.stringify({
    model,
    messages: [
      ...(instructedAs ? [instruction] : []),
      { role: 'user', content: isLong ? COUNT_ON : COUNT_TO_SIXTY },
    ],
    ...(stream && { stream }),
    ...(streamOptions && { stream_options: streamOptions }),
    ...(limit && { [limit]: isLong ? ABANDONED_OUTPUT_TOKENS : OUTPUT_TOKENS }),
  })
}
