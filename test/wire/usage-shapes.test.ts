import { describe, expect, test } from 'vitest'
import { chunk, FINISH, says, tapped } from './tap.ts'

const USAGE = '{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}'
const READ = { promptTokens: 9, cachedTokens: 0, completionTokens: 4, reasoningTokens: 0 }
const TEXT = chunk(says('Hello'))
const END = chunk(FINISH)

const usageChunk = (usage: string) => chunk('', `,"usage":${usage}`)
const inText = (usage: string) => chunk(says('Hello'), `,"usage":${usage}`)
const report = (prompt: unknown, completion: unknown) =>
  JSON.stringify({ prompt_tokens: prompt, completion_tokens: completion })

/** Where an upstream may report, and how: the usage kept, and what a client that asked is sent. */
const REPORTED: Record<string, { events: string[]; asked: string[] }> = {
  'a chunk of its own': {
    events: [TEXT, END, usageChunk(USAGE)],
    asked: [TEXT, END, usageChunk(USAGE)],
  },
  'a chunk of its own before the finish': {
    events: [TEXT, usageChunk(USAGE), END],
    asked: [TEXT, END],
  },
  'the same chunk twice': {
    events: [TEXT, END, usageChunk(USAGE), usageChunk(USAGE)],
    asked: [TEXT, END, usageChunk(USAGE)],
  },
  'null until the end': {
    events: [inText('null'), chunk(FINISH, ',"usage":null'), usageChunk(USAGE)],
    asked: [inText('null'), chunk(FINISH, ',"usage":null'), usageChunk(USAGE)],
  },
  'the chunk that finishes': {
    events: [TEXT, chunk(FINISH, `,"usage":${USAGE}`)],
    asked: [TEXT, END],
  },
  'every chunk, cumulative': {
    events: [inText(report(9, 1)), inText(report(9, 3)), chunk(FINISH, `,"usage":${USAGE}`)],
    asked: [TEXT, TEXT, END],
  },
  'a chunk without choices': {
    events: [TEXT, END, `{"usage":${USAGE}}`],
    asked: [TEXT, END],
  },
  'x_groq, in the chunk that finishes': {
    events: [TEXT, chunk(FINISH, `,"x_groq":{"id":"r","usage":${USAGE}}`)],
    asked: [TEXT, chunk(FINISH, `,"x_groq":{"id":"r","usage":${USAGE}}`)],
  },
  'a smaller report after the true one': {
    events: [inText(USAGE), END, usageChunk(report(9, 2))],
    asked: [TEXT, END, usageChunk(report(9, 2))],
  },
  'zeros after the true one': {
    events: [TEXT, chunk(FINISH, `,"usage":${USAGE}`), usageChunk(report(0, 0))],
    asked: [TEXT, END],
  },
}

describe.each(Object.entries(REPORTED))('usage in %s', (_where, { events, asked }) => {
  test('is kept for the charge', () => {
    expect(tapped(events).tap.usage).toEqual(READ)
    expect(tapped(events, { wantsUsage: true }).tap.usage).toEqual(READ)
  })

  test('is sent once or left to a chunk of our own where the client asked', () => {
    const { sent, tap } = tapped(events, { wantsUsage: true })
    expect(sent).toEqual(asked)
    const own = asked.some((data) => data.includes('"choices":[],"usage":{')) ? 0 : 1
    expect(tap.usageForwarded).toBe(own === 0)
  })

  test('is never sent where the client did not ask', () => {
    for (const data of tapped(events).sent) {
      expect(JSON.parse(data)).not.toHaveProperty('usage')
      expect(JSON.parse(data).choices).toHaveLength(1)
    }
  })
})

/** What no charge can be made from. */
const USELESS = {
  zeros: report(0, 0),
  'negative numbers': report(-9, -4),
  texts: report('9', '4'),
  'absurd numbers': report(1e308, 1e308),
  fractions: report(9.5, 4.5),
  'no counts': '{"total_tokens":0,"total_characters":0}',
  'an empty object': '{}',
  'an array': '[9,4]',
  'a text': '"9"',
  'the number 0': '0',
}

describe.each(Object.entries(USELESS))('usage of %s', (_what, usage) => {
  test('counts as none, and is not sent as the usage chunk', () => {
    const { tap, sent } = tapped([TEXT, END, usageChunk(usage)], { wantsUsage: true })
    expect(tap.usage).toBe(null)
    expect(tap.usageForwarded).toBe(false)
    expect(sent).toEqual([TEXT, END])
  })

  test('does not replace a usable one', () => {
    expect(tapped([inText(USAGE), inText(usage)]).tap.usage).toEqual(READ)
  })
})

test('a usage chunk of our own has the id and model of the stream, and the words of the upstream', () => {
  const details =
    '{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3}}'
  const { tap } = tapped([TEXT, chunk(FINISH, `,"usage":${details}`)], { wantsUsage: true })
  expect(JSON.parse(tap.usageChunk({ ...READ, completionTokens: 99 }))).toEqual({
    ...JSON.parse(chunk('')),
    usage: JSON.parse(details),
  })
})

test('a usage chunk of our own tells the estimate where the upstream reported nothing', () => {
  const { tap } = tapped([TEXT, END], { wantsUsage: true })
  expect(JSON.parse(tap.usageChunk(READ))).toEqual({
    ...JSON.parse(chunk('')),
    usage: JSON.parse(USAGE),
  })
})
