import { describe, expect, test } from 'vitest'
import { UsageTap } from '../../src/wire/sse/usage-tap.ts'
import { chunk, tapped } from './tap.ts'

const ORIGIN = { id: '0199', created: 1_700_000_000, model: 'house/m' }
const choice = (members: string) => chunk(`{${members}}`)
const ROLE = '"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null'
const TEXT = '"index":0,"delta":{"content":"x", "n":1.0},"finish_reason":null'
const STOP = '"index":0,"delta":{},"finish_reason":"stop"'

/** What is sent of a whole stream. */
const sent = (events: string[]) => tapped(events, { isBare: true, origin: ORIGIN }).sent

/** A defect of an upstream, and what strict clients are sent instead; other bytes stay. */
const REPAIRED: Record<string, [before: string[], after: string[]]> = {
  'a choice without index': [
    ['"delta":{"role":"assistant","content":"a"},"finish_reason":null'],
    ['"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null'],
  ],
  'an index of null': [
    ['"index":null,"delta":{"role":"assistant"},"seed":9007199254740993'],
    ['"index":0,"delta":{"role":"assistant"},"seed":9007199254740993'],
  ],
  'a first delta without role': [
    [TEXT, TEXT],
    ['"index":0,"delta":{"role":"assistant","content":"x", "n":1.0},"finish_reason":null', TEXT],
  ],
  'a first delta whose role is null or empty': [
    ['"index":0,"delta":{"role":null,"content":"a"}', '"index":1,"delta":{"role":"","content":""}'],
    [
      '"index":0,"delta":{"role":"assistant","content":"a"}',
      '"index":1,"delta":{"role":"assistant","content":""}',
    ],
  ],
  'a role in every delta': [
    [ROLE, '"index":0,"delta":{"role":"assistant","content":"x"},"finish_reason":null'],
    [ROLE, '"index":0,"delta":{"content":"x"},"finish_reason":null'],
  ],
  'an empty role in a later delta': [
    [ROLE, '"index":0,"delta":{"content":"x","role":""}'],
    [ROLE, '"index":0,"delta":{"content":"x"}'],
  ],
  'a delta of null': [
    [ROLE, '"index":0,"delta":null,"finish_reason":"stop"'],
    [ROLE, '"index":0,"delta":{},"finish_reason":"stop"'],
  ],
  'no delta': [
    [ROLE, '"index":0,"finish_reason":"stop"'],
    [ROLE, '"delta":{},"index":0,"finish_reason":"stop"'],
  ],
  'an empty finish_reason': [
    [ROLE, '"index":0,"delta":{"content":"x"},"finish_reason" : ""', STOP],
    [ROLE, '"index":0,"delta":{"content":"x"},"finish_reason" : null', STOP],
  ],
  'a finish_reason of another API': [
    [
      ROLE,
      '"index":0,"delta":{},"finish_reason":"max_tokens"',
      '"index":0,"delta":{},"finish_reason":"end_turn"',
    ],
    [ROLE, '"index":0,"delta":{},"finish_reason":"length"', STOP],
  ],
}

test.each(Object.entries(REPAIRED))('%s is repaired, and nothing else', (_, [before, after]) => {
  expect(sent(before.map(choice))).toEqual(after.map(choice))
})

test('an empty finish_reason at the end of a choice stays, for want of another', () => {
  const events = [ROLE, TEXT, '"index":0,"delta":{},"finish_reason":""'].map(choice)
  expect(sent(events)).toEqual(events)
})

test('of several choices each has its own first delta and its place', () => {
  const pair = (one: string, two: string) => chunk(`{${one}}, {${two}}`)
  const events = [
    pair('"delta":{"content":"a"}', '"delta":{"content":"b"}'),
    pair(TEXT, '"index":1,"delta":{}'),
  ]
  expect(sent(events)).toEqual([
    pair(
      '"index":0,"delta":{"role":"assistant","content":"a"}',
      '"index":1,"delta":{"role":"assistant","content":"b"}',
    ),
    events[1],
  ])
})

describe('a tool call without index', () => {
  const calls = (...list: object[]) =>
    choice(`"index":0,"delta":${JSON.stringify({ tool_calls: list })},"finish_reason":null`)
  const opened = choice(ROLE)
  const numbers = (events: string[]) =>
    sent([opened, ...events]).flatMap((data) => {
      const { tool_calls: list = [] } = JSON.parse(data).choices[0].delta
      return list.map(({ index }: { index: number }) => index)
    })

  test('is numbered by its id, in the order in which calls begin', () => {
    const events = [
      calls({ id: 'a' }, { id: 'b' }),
      calls({ id: 'c' }),
      calls({ id: 'a' }),
      calls({ id: 'c' }),
    ]
    expect(numbers(events)).toEqual([0, 1, 2, 0, 2])
  })

  test('belongs to the last one where it begins nothing', () => {
    const more = calls({ function: { arguments: '{' } })
    expect(numbers([calls({ id: 'a' }), more, calls({ function: { name: 'f' } }), more])).toEqual([
      0, 0, 1, 1,
    ])
  })

  test('follows those that have one', () => {
    expect(
      numbers([calls({ index: 0, id: 'a' }), calls({ id: 'b' }), calls({ index: 1 })]),
    ).toEqual([0, 1, 1])
  })

  test('keeps every other byte of its call', () => {
    const before = choice('"index":0,"delta":{"tool_calls":[ {"id":"a","x":1.0}, null ]}')
    expect(sent([opened, before])[1]).toBe(before.replace('{"id":"a"', '{"index":0,"id":"a"'))
  })
})

describe('a chunk that does not say whose it is', () => {
  const bare = (more = '') => `{${more}"choices":[{${ROLE}}]}`

  test('says so, the same in the whole stream, and in the usage chunk', () => {
    const { sent: all, tap } = tapped(
      [bare(), bare('"id":null,"model":"own",').replace('"role":"assistant",', '')],
      { isBare: true, origin: ORIGIN, wantsUsage: true },
    )
    const envelope = {
      id: 'chatcmpl-0199',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
    }
    expect(JSON.parse(all[0] as string)).toMatchObject({ ...envelope, model: 'house/m' })
    expect(JSON.parse(all[1] as string)).toMatchObject({ ...envelope, model: 'own' })
    const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 }
    expect(JSON.parse(tap.usageChunk(usage))).toMatchObject({ ...envelope, choices: [] })
  })

  test('says what the others of its stream say', () => {
    const later = sent([choice(ROLE), bare().replace('"role":"assistant",', '')])[1] as string
    expect(JSON.parse(later)).toMatchObject({ id: 'chatcmpl-1', created: 1, model: 'm' })
  })

  test('keeps what is there, empty or not', () => {
    const azure =
      '{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[]}'
    expect(sent([azure])).toEqual([azure])
  })

  test('without choices is no chunk, whatever it has', () => {
    expect(sent(['{"id":"c","usage":null}', '{"choices":null}', '{"x":1}'])).toEqual([])
  })
})

describe('the repair of a chunk', () => {
  test('leaves a sound stream as it is, byte for byte', () => {
    const role = '"role": "assistant" ,"content":null,"tool_calls":null,"seed":1e400'
    const call = '{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}'
    const events = [
      choice(`"index":0,"delta":{${role}},"logprobs":null,"finish_reason":null`),
      choice(`"index":0,"delta":{"tool_calls":[${call}]}`),
      choice('"index":0,"delta":{"role":null,"content":"x"},"finish_reason":null'),
      choice('"index":0,"delta":{},"finish_reason":"tool_calls"'),
    ]
    const { sent: all, kinds } = tapped(events, { isBare: true, origin: ORIGIN })
    expect(all).toEqual(events)
    expect(kinds).toEqual(events.map(() => 'forward'))
  })

  test('is the same for an event that had to wait and is read again', () => {
    const wishes = { wantsUsage: false, wantsContinuousUsage: false }
    const tap = new UsageTap('chat.completion.chunk', wishes, { keepText: false })
    const first = { data: choice(TEXT), canonical: null }
    const before = tap.read(first)
    tap.takeBack()
    expect(tap.read(first)).toEqual(before)
    expect(before).toMatchObject({ kind: 'rewrite' })
    expect(tap.read(first)).toEqual({ kind: 'forward' })
  })

  test('leaves a completion without deltas, roles and calls', () => {
    const wishes = { wantsUsage: false, wantsContinuousUsage: false }
    const tap = new UsageTap('text_completion', wishes, { keepText: false, origin: ORIGIN })
    const data =
      '{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"text":"a","index":0}]}'
    expect(tap.read({ data, canonical: null })).toEqual({ kind: 'forward' })
    const bare = '{"choices":[{"text":"a"}]}'
    const verdict = tap.read({ data: bare, canonical: null })
    expect(verdict).toMatchObject({ kind: 'rewrite' })
    expect(JSON.parse((verdict as { data: string }).data).choices).toEqual([
      { index: 0, text: 'a' },
    ])
  })
})
