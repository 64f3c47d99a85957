import { expect, test } from 'vitest'
import { usageOfSubtitles } from '../../src/wire/usage/audio-usage.ts'

const SRT = '1\n00:00:00,000 --> 00:00:02,500\nHello\n\n2\n00:00:03,000 --> 01:00:07,200\nyou\n'
const VTT = 'WEBVTT\n\n00:00.000 --> 00:12.000 align:start\nHello\n'

test.each([
  ['SRT', SRT, 36_072],
  ['WebVTT', VTT, 120],
  ['SRT with CRLF', SRT.replaceAll('\n', '\r\n'), 36_072],
])('audio is as long as the last of its subtitles: %s', (_format, text, tokens) => {
  expect(usageOfSubtitles(text)).toMatchObject({ promptTokens: tokens, inputAudioTokens: tokens })
})

test.each(['', 'Hello you', 'WEBVTT\n', '--> 99', '00:00:00,000 --> 00:00:00,000'])(
  'text that tells no time tells no usage: %j',
  (text) => {
    expect(usageOfSubtitles(text)).toBeNull()
  },
)
