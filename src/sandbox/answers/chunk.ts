import type { AnswerCard, Dress } from '../cards/card.ts'

/** What is the same in all JSON of one answer. */
export type Envelope = {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  /** As a JSON string. */
  readonly model: string
}

export const FINGERPRINT = 'fp_0'
const PROCESS_ID = process.pid.toString(36)
let answers = 0

/** The envelope of a new answer, with an id of its own. */
export function newEnvelope(model: string): Envelope {
  return {
    id: `chatcmpl-${PROCESS_ID}-${++answers}`,
    created: Math.floor(Date.now() / 1000),
    model: JSON.stringify(model),
  }
}

/** The JSON text of a chunk; `choices` is the inside of the array, `more` another member or ''. */
export function chunkJson(
  { id, created, model }: Envelope,
  object: string,
  choices: string,
  more: string,
): string {
  const head = `{"id":"${id}","object":"${object}","created":${created}`
  const tail = more === '' ? '}' : `,${more}}`
  const origin = `"model":${model},"system_fingerprint":"${FINGERPRINT}"`
  return `${head},${origin},"choices":[${choices}]${tail}`
}

/** The bytes of one event around a JSON text, with the defects of the card. */
export function eventText({ edit, dress }: AnswerCard, json: string, name?: string): string {
  const edited = edit ? json.replace(edit[0], edit[1]) : json
  if (!dress) return `${name === undefined ? '' : `event: ${name}\n`}data: ${edited}\n\n`
  const data = dress.split ? edited.replace('"choices"', `${dress.split}"choices"`) : edited
  return `${named(dress, name)}${data}${dress.close}`
}

/** The opening of an event with its name on a line before the data, ended as its lines are. */
function named({ open, close }: Dress, name?: string): string {
  if (name === undefined) return open
  const lineEnd = /^(?:\r\n|\r|\n)/.exec(close)?.[0] ?? '\n'
  return open.replace(/data:\s?$/, (data) => `event: ${name}${lineEnd}${data}`)
}
