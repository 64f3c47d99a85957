import { AUDIO_BYTES_PER_TOKEN } from '../domain/bounds.ts'
import { type Answer, parseObject, textDelivered } from '../wire/answers/answer.ts'
import { NAMED_ERRORS } from '../wire/error-shape.ts'
import { missing } from '../wire/fields.ts'
import { type FormRequest, formBody } from '../wire/requests/form-request.ts'
import { Form } from '../wire/requests/multipart.ts'
import { emptyPrompt } from '../wire/requests/prompt.ts'
import { type EventReader, EventTap } from '../wire/sse/event-tap.ts'
import { sseEvent } from '../wire/sse/events.ts'
import { readAudioUsage, usageOfSubtitles } from '../wire/usage/audio-usage.ts'
import type { Endpoint } from './endpoint.ts'

/** Bytes of a body: of a file of 25 MiB, OpenAI's limit (W-16), and of the parts beside it. */
const BODY_BYTES_MAX = 26_214_400 + 65_536

/** Formats of an answer that is no JSON. */
const PLAIN_FORMATS = new Set(['text', 'srt', 'vtt'])

/** A page is no transcript, whatever it was asked for. */
const PAGE = /^\s*<(!doctype|html)\b/i

/** The events of a stream: pieces of the text, then the text and the usage. */
const EVENTS: EventReader = {
  errors: NAMED_ERRORS,
  textOf: ({ delta }) => delta,
  wholeTextOf: ({ text }) => (typeof text === 'string' ? text : ''),
  usageOf: readAudioUsage,
  endOf: (type) => (type === 'transcript.text.done' ? 'complete' : null),
}

/** The events that say the same as a transcript in one piece (W-69): not all models stream. */
function transcriptAsStream(text: unknown, usage: unknown): string {
  const delta = { type: 'transcript.text.delta', delta: text }
  const done = { type: 'transcript.text.done', text, ...(usage ? { usage } : {}) }
  const events = text === '' ? [done] : [delta, done]
  return events.map((event) => sseEvent(JSON.stringify(event), event.type)).join('')
}

type TranscriptRequest = FormRequest & { isPlain: boolean }

/** POST /audio/transcriptions. */
export const transcriptions: Endpoint<TranscriptRequest> = {
  ...listening('/audio/transcriptions', true),
  tap: (_request, options) => new EventTap(EVENTS, options),
}

/** POST /audio/translations. */
export const translations: Endpoint<TranscriptRequest> = listening('/audio/translations', false)

/** Both cost the audio and its text. Neither can be more than the file has room for. */
function listening(path: string, streams: boolean): Endpoint<TranscriptRequest> {
  return {
    path,
    answers: 'a transcript',
    api: 'openai',
    takes: 'multipart/form-data',
    bodyBytesMax: BODY_BYTES_MAX,
    errors: NAMED_ERRORS,

    read(body, contentType) {
      const form = new Form(body, contentType)
      const { count, bytes } = form.files
      if (count === 0) throw missing('file')
      const tokens = Math.ceil(bytes / AUDIO_BYTES_PER_TOKEN)
      return {
        form,
        model: form.requiredText('model'),
        stream: streams && form.flag('stream'),
        prompt: {
          ...emptyPrompt(body.byteLength),
          characters: form.text('prompt')?.length ?? 0,
          binaryBytes: bytes,
          mediaTokens: tokens,
        },
        choices: 1,
        outputLimit: null,
        fixedOutput: tokens, // nobody speaks faster than audio has tokens
        isPlain: PLAIN_FORMATS.has(form.text('response_format') ?? 'json'),
      }
    },

    promptText: () => null,

    upstreamBody: formBody,

    readAnswer(body, { isPlain }): Answer {
      const value = parseObject(body)
      const text = value === null ? body : value.text
      const isAnswer = isPlain ? body !== '' && !PAGE.test(body) : typeof value?.text === 'string'
      return {
        error: value?.error ?? null,
        isAnswer,
        usage: value ? readAudioUsage(value) : usageOfSubtitles(body),
        ...textDelivered(typeof text === 'string' ? text : ''),
        edited: null,
        isPlain,
        asStream: () => transcriptAsStream(text, value?.usage),
      }
    },
  }
}
