import { type Answered, type Heard, isRefused, isSuccess } from '../../doctor/heard.ts'
import { pickModel, readModelList } from '../../doctor/models.ts'
import type { Observed, OutputLimitName, Place } from '../../doctor/observed.ts'
import { bodyOf, type Question } from '../../doctor/questions.ts'
import { readStreamAnswer } from '../../doctor/stream-answer.ts'
import { readWholeAnswer } from '../../doctor/whole-answer.ts'
import { findPlace } from './place.ts'
import type { Examined, ProbeSession } from './session.ts'

const WITH_USAGE = { include_usage: true }
const WITH_CONTINUOUS_USAGE = { ...WITH_USAGE, continuous_usage_stats: true }

type Answers = Omit<Observed, 'given' | 'hasKey' | 'calls' | 'durationMs'>

/** Asks an upstream everything a diagnosis needs, one call after the other. Never rejects. */
export async function examine(
  session: ProbeSession,
  examined: Examined,
  givenModel: string | null,
): Promise<Observed> {
  const { baseUrl, apiKey } = examined
  const { knocks, place } = await findPlace(session, examined)
  const answers: Answers = {
    knocks,
    place,
    models: null,
    model: givenModel,
    limited: { max_tokens: null, max_completion_tokens: null },
    unlimited: null,
    stream: null,
    plainStream: null,
    developer: null,
    system: null,
    abandoned: null,
    asksContinuous: false,
    afterwards: null,
  }
  if (place !== null) await askPlace(session, place, answers)
  const { calls, durationMs } = session
  return { ...answers, given: baseUrl.href, hasKey: apiKey !== null, calls, durationMs }
}

async function askPlace(session: ProbeSession, place: Place, answers: Answers): Promise<void> {
  answers.models = await session.models(place)
  const { models } = answers
  answers.model ??= pickModel(isSuccess(models) ? readModelList(models) : null)
  const { model } = answers
  if (model === null) return
  const ask = (question: Omit<Question, 'model'>, isEnough?: (answer: Answered) => boolean) =>
    session.chat(place, bodyOf({ ...question, model }), isEnough)
  await askInOnePiece(ask, answers)
  const limit = limitNameOf(answers)
  await askForStreams(ask, limit, answers)
  if (!isAnyAnswered(answers)) return
  answers.developer = await ask({ limit, instructedAs: 'developer' })
  if (!isSuccess(answers.developer)) {
    answers.system = await ask({ limit, instructedAs: 'system' })
  }
  await askAndHangUp(ask, limit, answers)
}

type Ask = (
  question: Omit<Question, 'model'>,
  isEnough?: (answer: Answered) => boolean,
) => Promise<Heard>

async function askInOnePiece(ask: Ask, answers: Answers): Promise<void> {
  const { limited } = answers
  limited.max_tokens = await ask({ limit: 'max_tokens' })
  limited.max_completion_tokens = await ask({ limit: 'max_completion_tokens' })
  const areRefused = isRefused(limited.max_tokens) && isRefused(limited.max_completion_tokens)
  if (areRefused) answers.unlimited = await ask({ limit: null })
}

async function askForStreams(ask: Ask, limit: OutputLimitName | null, answers: Answers) {
  answers.stream = await ask({ limit, stream: true, streamOptions: WITH_USAGE })
  if (isRefused(answers.stream)) answers.plainStream = await ask({ limit, stream: true })
}

/** Breaks a stream off at its first words, and calls again at once. */
async function askAndHangUp(
  ask: Ask,
  limit: OutputLimitName | null,
  answers: Answers,
): Promise<void> {
  const { stream, plainStream } = answers
  if (!isSuccess(stream) && !isSuccess(plainStream)) return
  const options = isSuccess(stream) ? WITH_USAGE : null
  const question = { limit, stream: true, isLong: true }
  if (options) {
    answers.abandoned = await ask({ ...question, streamOptions: WITH_CONTINUOUS_USAGE }, hasBegun)
    answers.asksContinuous = !isRefused(answers.abandoned)
  }
  if (!answers.asksContinuous) {
    answers.abandoned = await ask({ ...question, streamOptions: options }, hasBegun)
  }
  answers.afterwards = await ask({ limit })
}

function hasBegun(answer: Answered): boolean {
  return readStreamAnswer(answer).speaking > 0
}

/** The name under which a limit works, for all further calls; null where none does. */
function limitNameOf({ limited }: Answers): OutputLimitName | null {
  const names = ['max_tokens', 'max_completion_tokens'] as const
  const isCut = (name: OutputLimitName) => {
    const heard = limited[name]
    return isSuccess(heard) && readWholeAnswer(heard).finish === 'length'
  }
  return names.find(isCut) ?? names.find((name) => isSuccess(limited[name])) ?? null
}

function isAnyAnswered({ limited, unlimited, stream, plainStream }: Answers): boolean {
  return [...Object.values(limited), unlimited, stream, plainStream].some(isSuccess)
}
