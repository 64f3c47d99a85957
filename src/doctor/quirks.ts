import { ANSWER_QUIRKS } from './quirks/answer.ts'
import { PLACE_QUIRKS } from './quirks/place.ts'
import { STREAM_QUIRKS } from './quirks/stream.ts'

/** Every known way in which an upstream is not like OpenAI. */
export const QUIRKS = { ...PLACE_QUIRKS, ...ANSWER_QUIRKS, ...STREAM_QUIRKS }

export type Quirk = keyof typeof QUIRKS
