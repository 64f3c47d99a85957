import { eventText } from '../answers/chunk.ts'
import { replyText } from '../answers/reply.ts'
import { finalUsage, type Script } from '../answers/script.ts'
import type { Dialect, Telling } from '../dialect.ts'
import { badField } from '../problem.ts'
import { readForm } from '../questions/form.ts'
import { type Question, readModel, readStream } from '../questions/question.ts'
import { readTuning } from '../questions/tuning.ts'
import { failureEvent, NamedContent, namedEvent, withUsage } from './named.ts'

/** Bytes of a file that count as a token, rounded up. */
const BYTES_PER_TOKEN = 1_000
const TOKENS_PER_SECOND = 10
const PLAIN_FORMATS = new Set(['text', 'srt', 'vtt'])

const TRANSCRIPTS: Dialect = { tell: tellTranscript, whole: wholeTranscript, wholeType }

/** POST /audio/transcriptions and /audio/translations: hears what `prompt` says. */
export async function readTranscription(text: string, contentType: string): Promise<Question> {
  const { texts: body, files } = await readForm(text, contentType)
  const [bytes] = files
  if (bytes === undefined) throw badField('file', 'it must be a file')
  return {
    dialect: TRANSCRIPTS,
    body,
    model: readModel(body),
    stream: readStream(body),
    user: null,
    includeUsage: true,
    choices: 1,
    limitTokens: null,
    said: typeof body.prompt === 'string' ? body.prompt : '',
    promptTokens: Math.ceil(bytes / BYTES_PER_TOKEN),
    tuning: readTuning(body.sandbox),
  }
}

function heard({ answer }: Script): string {
  return answer.parts.map(({ reply }) => replyText(reply)).join('')
}

function wholeType({ request }: Script): string {
  const isPlain = PLAIN_FORMATS.has(String(request.body.response_format))
  return isPlain ? 'text/plain; charset=utf-8' : 'application/json'
}

function wholeTranscript(script: Script, usage: string): string {
  const { request } = script
  const text = heard(script)
  const format = String(request.body.response_format ?? 'json')
  if (PLAIN_FORMATS.has(format)) return `${text}\n`
  const seconds = request.promptTokens / TOKENS_PER_SECOND
  if (format === 'verbose_json') return JSON.stringify({ text, duration: seconds, segments: [] })
  return withUsage({ text }, usage)
}

function tellTranscript(script: Script): Telling {
  const { card } = script
  const content = new NamedContent(script, () => ({
    before: () => [],
    piece: (quoted) => namedEvent(card, 'transcript.text.delta', { delta: JSON.parse(quoted) }),
    after: () => [],
  }))
  return {
    opening: () => [],
    content: () => content.events(),
    closing() {
      const type = 'transcript.text.done'
      const done = withUsage({ type, text: heard(script) }, finalUsage(script))
      return [eventText(card, done, type)]
    },
    failure: () => failureEvent(card),
  }
}
