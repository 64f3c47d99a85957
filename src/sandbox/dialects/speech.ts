import type { Part } from '../answers/answer.ts'
import { eventText } from '../answers/chunk.ts'
import { finalUsage, piecesOf, type Script } from '../answers/script.ts'
import type { Dialect, Telling } from '../dialect.ts'
import { parseBody, type Question, readModel, textIn } from '../questions/question.ts'
import { readTuning } from '../questions/tuning.ts'
import { failureEvent, namedEvent, withUsage } from './named.ts'

/** Bytes that stand for the sound of one token. */
const BYTES_PER_TOKEN = 64

/** Audio as it comes. */
const BYTES: Dialect = {
  streamType: 'audio/mpeg',
  isAlwaysTold: true,
  tell: tellBytes,
  whole: () => '',
}

/** Audio as events. */
const EVENTS: Dialect = { tell: tellEvents, whole: () => '' }

/** POST /audio/speech: speaks the input, which is sold by the character. */
export function readSpeech(text: string): Question {
  const body = parseBody(text)
  const input = textIn(body.input)
  const stream = body.stream_format === 'sse'
  return {
    dialect: stream ? EVENTS : BYTES,
    body,
    model: readModel(body),
    stream,
    user: null,
    includeUsage: true,
    choices: 1,
    limitTokens: null,
    said: input,
    promptTokens: input.length,
    tuning: readTuning(body.sandbox),
  }
}

function tellBytes({ answer }: Script): Telling {
  return {
    opening: () => [],
    *content() {
      for (const { tokens } of spoken(answer.parts)) yield { text: soundOf(tokens), tokens }
    },
    closing: () => [],
    failure: () => '', // bytes can not tell
  }
}

function tellEvents(script: Script): Telling {
  const { card, answer } = script
  const audio = (tokens: number) => ({ audio: soundOf(tokens).toString('base64') })
  return {
    opening: () => [],
    *content() {
      for (const { tokens } of spoken(answer.parts)) {
        yield { text: namedEvent(card, 'speech.audio.delta', audio(tokens)), tokens }
      }
    },
    closing() {
      const type = 'speech.audio.done'
      return [eventText(card, withUsage({ type }, finalUsage(script)), type)]
    },
    failure: () => failureEvent(card),
  }
}

function spoken(parts: readonly Part[]) {
  return parts.flatMap((part) => [...piecesOf(part, 0)])
}

function soundOf(tokens: number): Buffer {
  return Buffer.alloc(tokens * BYTES_PER_TOKEN, 0xaa)
}
