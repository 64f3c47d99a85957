import type { AnswerCard } from './card.ts'

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
export function chunkJson(envelope: Envelope, choices: string, more: string): string {
  const { id, created, model } = envelope
  const head = `{"id":"${id}","object":"chat.completion.chunk","created":${created}`
  const tail = more === '' ? '}' : `,${more}}`
  const origin = `"model":${model},"system_fingerprint":"${FINGERPRINT}"`
  return `${head},${origin},"choices":[${choices}]${tail}`
}

/** The JSON text of one choice in a chunk; `delta` is JSON text too. */
export function choiceJson(index: number, delta: string, finish: string | null): string {
  const reason = finish === null ? 'null' : `"${finish}"`
  return `{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${reason}}`
}

/** The bytes of one event around a JSON text, with the defects of the card. */
export function eventText({ edit, dress }: AnswerCard, json: string): string {
  const edited = edit ? json.replace(edit[0], edit[1]) : json
  if (!dress) return `data: ${edited}\n\n`
  const data = dress.split ? edited.replace('"choices"', `${dress.split}"choices"`) : edited
  return `${dress.open}${data}${dress.close}`
}
