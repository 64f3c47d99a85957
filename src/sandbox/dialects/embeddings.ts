import type { Script } from '../answers/script.ts'
import type { Dialect } from '../dialect.ts'
import { badField } from '../problem.ts'
import { parseBody, type Question, readCount, readModel, readUser } from '../questions/question.ts'
import { readTuning } from '../questions/tuning.ts'
import { countInput, textsOf } from './completions.ts'

/** Numbers of a vector, where the request does not say. */
const DIMENSIONS = 8
/** Numbers of a vector, at most. */
const DIMENSIONS_MAX = 4_096

const EMBEDDINGS: Dialect = { whole: embeddingsJson, tokens: () => 0 }

/** POST /embeddings: a text has the same vector each time. */
export function readEmbeddings(text: string): Question {
  const body = parseBody(text)
  const { input } = body
  if (typeof input !== 'string' && !Array.isArray(input)) {
    throw badField('input', 'it must be a string or an array')
  }
  return {
    dialect: EMBEDDINGS,
    body,
    model: readModel(body),
    stream: false,
    user: readUser(body),
    includeUsage: true,
    choices: 1,
    limitTokens: null,
    said: '',
    promptTokens: countInput(textsOf(input)),
    tuning: readTuning(body.sandbox),
  }
}

function embeddingsJson({ card, request }: Script, usage: string): string {
  const { input, encoding_format: format } = request.body
  const size = readCount(request.body, 'dimensions', DIMENSIONS_MAX) ?? DIMENSIONS
  const asBase64 = format === 'base64' && card.embeds !== 'floats'
  const data = textsOf(input as string | unknown[]).map((text, index) => {
    const vector = vectorOf(String(text), size)
    const embedding = asBase64 ? base64Of(vector) : vector
    return { object: 'embedding', index, embedding }
  })
  const json = JSON.stringify({ object: 'list', data, model: request.model })
  return usage === '' ? json : `${json.slice(0, -1)},${usage}}`
}

/** Numbers from -1 to 1 that a 32 bit float has exactly. */
function vectorOf(text: string, size: number): number[] {
  return Array.from({ length: size }, (_, at) => {
    const code = text.charCodeAt(at % Math.max(text.length, 1)) || 0
    return (((code * (at + 1)) % 256) - 128) / 128
  })
}

function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [at, number] of vector.entries()) bytes.writeFloatLE(number, at * 4)
  return bytes.toString('base64')
}
