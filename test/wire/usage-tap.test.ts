import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunk, FINISH, says, tapped } from './tap.ts'

const USAGE = ',"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}'

describe('a stream whose client did not ask for usage', () => {
  const exact = fc.constantFrom('"seed":9007199254740993', '"t":1e-7', '"p": 1.0', '"usage2":null')
  const more = fc.constantFrom('', ',"usage"', '"usage":null', ',"usage":null', '\\u00e9')
  const chunks = fc.array(fc.tuple(fc.string(), more, exact), { minLength: 1, maxLength: 8 })

  test('has the bytes of a run in which none was asked of the upstream', () => {
    const stream = (texts: [string, string, string][], nulls: string, last: string[]) => [
      ...texts.map(([text, trap, rest]) =>
        chunk(says(text + trap), `,"logprobs":{"a":1,"usage":null,${rest}}${nulls},${rest}`),
      ),
      chunk(FINISH, nulls),
      ...last,
    ]
    fc.assert(
      fc.property(
        chunks,
        fc.constantFrom(',"usage":null', ' ,\n"usage" : null'),
        (texts, nulls) => {
          const plain = stream(texts, '', [])
          const injected = stream(texts, nulls, [chunk('', USAGE)])
          expect(tapped(injected).sent).toEqual(plain)
          expect(tapped(plain).sent).toEqual(plain)
        },
      ),
    )
  })

  test('loses a usage that is the first member', () => {
    const first = `{"usage":null,${chunk(says('a')).slice(1)}`
    expect(tapped([first]).sent).toEqual([chunk(says('a'))])
  })

  test('keeps chunks with empty choices that are not about usage', () => {
    const filters = ',"prompt_filter_results":[{"prompt_index":0}]'
    const { sent } = tapped([chunk('', filters), chunk('', `${filters},"usage":null`)])
    expect(sent).toEqual([chunk('', filters), chunk('', filters)])
  })

  test('keeps every member it does not know, in any chunk', () => {
    const rare = ',"service_tier":"x","obfuscation":"aF","x_groq":{"id":"r"},"timings":{"n":1.0}'
    const event = chunk(says('a').replace('{"content"', '{"reasoning_content":"b","content"'), rare)
    expect(tapped([event]).sent).toEqual([event])
  })
})

describe('"error": null in a chunk', () => {
  const withNull = chunk(says('a', 0), ',"p":1.0').replace('"choices"', '"error":null,"choices"')

  test('is taken out, and nothing else is', () => {
    expect(tapped([withNull]).sent).toEqual([chunk(says('a'), ',"p":1.0')])
  })

  test('is taken out of the usage chunk too', () => {
    const usageChunk = chunk('', `${USAGE},"error":null`)
    const { sent } = tapped([chunk(FINISH), usageChunk], { wantsUsage: true })
    expect(sent).toEqual([chunk(FINISH), chunk('', USAGE)])
  })

  test('leaves the null usage that a client asked for', () => {
    const both = chunk(says('a'), ',"usage":null,"error":null')
    const kept = chunk(says('a'), ',"usage":null')
    expect(tapped([both], { wantsUsage: true }).sent).toEqual([kept])
    expect(tapped([both]).sent).toEqual([chunk(says('a'))])
  })
})

describe('what an event is taken for', () => {
  test.each([
    ['[DONE]', 'done'],
    [' [DONE] ', 'done'],
    ['{"error":{"message":"no"}}', 'error'],
    ['{"error":"no"}', 'error'],
    [chunk(says('a'), ',"error":{"message":"no"}'), 'error'],
    ['[done]', 'done'],
    ['{"object":"error","message":"no","code":400}', 'error'],
    ['<html>', 'garbage'],
    ['{"choices":[', 'garbage'],
    ['7', 'garbage'],
    ['null', 'garbage'],
    ['[]', 'garbage'],
    ['{}', 'withhold'],
    ['{"type":"ping"}', 'withhold'],
    [chunk(says('a')), 'forward'],
  ])('%j is %s', (data, kind) => {
    expect(tapped([data]).kinds).toEqual([kind])
  })
})

describe('a stream is finished', () => {
  const finish = (index: number, reason: string | null) =>
    chunk(`{"index":${index},"delta":{},"finish_reason":${JSON.stringify(reason)}}`)
  const isFinished = (...events: string[]) => tapped(events).tap.finished

  test('when its choice has a finish_reason', () => {
    expect(isFinished(chunk(says('a')))).toBe(false)
    expect(isFinished(chunk(says('a')), finish(0, 'stop'))).toBe(true)
  })

  test('when each of several choices has one, in any order', () => {
    const begun = [chunk(says('a', 0)), chunk(says('b', 1)), chunk(says('c', 2))]
    expect(isFinished(...begun, finish(2, 'stop'), finish(0, 'length'))).toBe(false)
    const all = [finish(2, 'stop'), finish(0, 'length'), finish(1, 'tool_calls')]
    expect(isFinished(...begun, ...all)).toBe(true)
    expect(isFinished(...begun, finish(0, 'stop'), finish(0, 'stop'))).toBe(false)
  })

  test('when several choices share a chunk', () => {
    const ends = chunk(`${says('', 0, 'stop')},${says('', 1, 'stop')}`)
    expect(isFinished(chunk(`${says('a', 0)},${says('b', 1)}`))).toBe(false)
    expect(isFinished(chunk(`${says('a', 0)},${says('b', 1)}`), ends)).toBe(true)
  })

  test('never before a choice began, or by an empty reason', () => {
    expect(isFinished()).toBe(false)
    expect(isFinished(chunk('', USAGE))).toBe(false)
    expect(isFinished(chunk(says('a')), finish(0, null), finish(0, ''))).toBe(false)
  })
})

test('what was delivered is counted over text, refusals, reasoning and tool calls', () => {
  const delta = (json: object) => chunk(JSON.stringify({ index: 0, delta: json }))
  const call = { index: 0, id: 'call_1', function: { name: 'look', arguments: '{"a":1}' } }
  const { tap } = tapped([
    delta({ role: 'assistant', content: '' }),
    delta({ content: 'Hello' }),
    delta({ refusal: 'No.' }),
    delta({ reasoning_content: 'why', content: null }),
    delta({ reasoning: 'so' }),
    delta({ tool_calls: [call] }),
    delta({ function_call: { name: 'old', arguments: '{}' } }),
    chunk(FINISH),
  ])
  expect(tap.completion?.join('|')).toBe('|Hello|No.|why|so|look|{"a":1}|old|{}')
  expect(tap.completionLength).toBe('HelloNo.whysolook{"a":1}old{}'.length)
  expect(tap.chunkCount).toBe(6)
})
