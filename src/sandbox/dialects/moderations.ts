import type { Dialect } from '../dialect.ts'
import { parseBody, type Question, readModel, textIn } from '../questions/question.ts'
import { readTuning } from '../questions/tuning.ts'
import { tokensOf } from '../tokens.ts'

/** Flagged is what has this word in it. */
const BAD_WORD = 'violence'

/** Nothing of it is counted for anybody, as at OpenAI. */
const MODERATIONS: Dialect = {
  tokens: () => 0,
  whole({ envelope, request }) {
    const { input } = request.body
    const texts = Array.isArray(input) ? input.map(textIn) : [textIn(input)]
    const results = texts.map((text) => {
      const flagged = text.includes(BAD_WORD)
      const scores = { violence: flagged ? 1 : 0 }
      return { flagged, categories: { violence: flagged }, category_scores: scores }
    })
    return JSON.stringify({ id: envelope.id, model: request.model, results })
  },
}

/** POST /moderations. */
export function readModeration(text: string): Question {
  const body = parseBody(text)
  return {
    dialect: MODERATIONS,
    body,
    model: readModel(body),
    stream: false,
    user: null,
    includeUsage: false,
    choices: 1,
    limitTokens: null,
    said: '',
    promptTokens: tokensOf(textIn(body.input).length),
    tuning: readTuning(body.sandbox),
  }
}
