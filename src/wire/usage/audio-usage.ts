import { AUDIO_TOKENS_PER_SECOND } from '../../domain/bounds.ts'
import { INPUT_NAMES, readUsage } from '../../domain/usage/read-usage.ts'
import { USAGE_TOKENS_MAX } from '../../domain/usage/token-count.ts'
import { type Usage, usageOf } from '../../domain/usage/usage.ts'
import { asObject } from '../answers/answer.ts'

/**
 * The usage of a transcript: in tokens, or in seconds, which count as so many tokens of input
 * each; the duration that a verbose transcript tells counts like a usage in seconds.
 * @returns null where it tells none
 */
export function readAudioUsage(answer: Record<string, unknown>): Usage | null {
  const usage = asObject(answer.usage) ?? {}
  const seconds = usage.seconds ?? usage.prompt_audio_seconds ?? answer.duration
  return readUsage(answer.usage, INPUT_NAMES) ?? usageOfSeconds(Number(seconds))
}

/** When a subtitle ends, in SRT and in WebVTT, which may leave the hours out. */
const SUBTITLE_END = /--> *(?:(\d{1,4}):)?(\d{2}):(\d{2}[.,]\d{3})/g

/** The usage of subtitles: the audio is as long as the last of them; null where there are none. */
export function usageOfSubtitles(text: string): Usage | null {
  let end = 0
  for (const [, hours = '0', minutes, seconds = ''] of text.matchAll(SUBTITLE_END)) {
    end = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'))
  }
  return usageOfSeconds(end)
}

function usageOfSeconds(seconds: number): Usage | null {
  const tokens = Math.ceil(seconds * AUDIO_TOKENS_PER_SECOND)
  if (!(tokens > 0 && tokens <= USAGE_TOKENS_MAX)) return null
  return { ...usageOf(tokens, 0), inputAudioTokens: tokens }
}
