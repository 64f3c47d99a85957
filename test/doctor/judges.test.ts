import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/doctor/diagnosis.ts'
import type { Answered, Heard } from '../../src/doctor/heard.ts'
import type { Observed } from '../../src/doctor/observed.ts'
import { SUBJECTS } from '../../src/doctor/subjects.ts'

const TEXT = 'one two three four five six seven eight nine ten eleven twelve thirt'

function answered(status: number, body: unknown, more: Partial<Answered> = {}): Answered {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'content-type': 'application/json' }
  const times = { firstByteMs: 5, lastByteMs: 9, reads: 20 }
  return { status, headers, body: text, ...times, end: 'complete', ...more }
}

const usage = (completion: number, more = {}) => ({
  prompt_tokens: 9,
  completion_tokens: completion,
  total_tokens: 9 + completion,
  ...more,
})

const whole = (message: object, tokens: object | null = usage(16)) =>
  answered(200, {
    id: 'a',
    choices: [{ index: 0, message, finish_reason: 'length' }],
    ...(tokens && { usage: tokens }),
  })

function stream(more: Partial<Answered> = {}): Answered {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'a', choices: [{ delta, finish_reason: finish }] })}\n\n`
  const words = TEXT.split(' ').map((word) => chunk({ content: `${word} ` }))
  const last = `data: ${JSON.stringify({ choices: [], usage: usage(16) })}\n\ndata: [DONE]\n\n`
  const headers = { 'content-type': 'text/event-stream' }
  return answered(200, words.join('') + chunk({}, 'length') + last, { headers, ...more })
}

const refused = (message: string, status = 400) => answered(status, { error: { message } })

/** A healthy upstream, but for what is said otherwise. */
function observed(odd: Partial<Observed> = {}): Observed {
  const heard = refused('model is missing')
  const place = { baseUrl: 'https://h.example/v1', authHeader: 'authorization' as const, heard }
  return {
    given: 'https://h.example/v1',
    hasKey: true,
    knocks: [place],
    place,
    models: answered(200, { data: [{ id: 'm' }] }),
    model: 'm',
    limited: {
      max_tokens: whole({ content: TEXT }),
      max_completion_tokens: whole({ content: TEXT }),
    },
    unlimited: null,
    stream: stream(),
    plainStream: null,
    developer: whole({ content: TEXT }),
    system: null,
    abandoned: stream({ end: 'stopped' }),
    asksContinuous: true,
    afterwards: whole({ content: TEXT }),
    calls: 9,
    durationMs: 100,
    ...odd,
  }
}

const quirks = (odd: Partial<Observed>) =>
  diagnose(observed(odd)).findings.flatMap(({ quirk }) => quirk ?? [])
const verdictOn = (subject: string, odd: Partial<Observed>) =>
  diagnose(observed(odd)).findings.find(({ about }) => about === subject)?.verdict

const late: Heard = { status: null, why: 'out_of_time', message: 'not asked: the time was up' }
const busy = refused('Slow down.', 429)

test('a healthy upstream has every subject looked at, and no quirk', () => {
  const { verdict, findings } = diagnose(observed())
  expect(verdict).toBe('ok')
  expect(findings.map(({ about }) => about)).toEqual([...SUBJECTS])
  expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
})

describe('what no server of the sandbox does', () => {
  const login = answered(200, '<html>', { headers: { 'content-type': 'text/html' } })
  const unversioned = refused('Missing required query parameter: api-version')
  const knock = { baseUrl: 'https://h.example/v1', authHeader: 'authorization' as const }
  const failing = (heard: Heard) => ({ max_tokens: heard, max_completion_tokens: heard })

  test.each<[string, Partial<Observed>]>([
    ['no-model', { model: null, limited: { max_tokens: null, max_completion_tokens: null } }],
    ['other-api-version', { place: null, knocks: [{ ...knock, heard: unversioned }] }],
    ['not-a-completion', { limited: failing(login), stream: login }],
    ['completion-fails', { limited: failing(refused('no money', 402)), stream: busy }],
    ['stream-fails', { stream: refused('no streams here', 500) }],
    ['buffered', { stream: stream({ firstByteMs: 2_500, lastByteMs: 2_501, reads: 1 }) }],
    ['busy-after-abort', { afterwards: busy }],
  ])('is found: %s', (quirk, odd) => {
    expect(quirks(odd)).toEqual([quirk])
  })

  test('is found: usage-too-small', () => {
    const small = whole({ content: TEXT }, usage(3))
    const limited = { max_tokens: small, max_completion_tokens: small }
    expect(quirks({ limited })).toEqual(['usage-too-small'])
  })
})

describe('what says nothing about an upstream is no quirk of it', () => {
  test.each<[string, Partial<Observed>, string]>([
    ['a limit of requests at the second limit', limitedBy(busy), 'output_limit'],
    ['an answer that ended before its limit', limitedBy(brief()), 'output_limit'],
    ['a limit of requests at the role', { developer: busy, system: busy }, 'developer_role'],
    ['no time for the stream', { stream: late }, 'stream'],
    ['no time for the role', { developer: late, system: late }, 'developer_role'],
    ['no time after the hang-up', { afterwards: late }, 'abort'],
    ['an answer that was there before the hang-up', { abandoned: stream() }, 'abort'],
  ])('%s', (_, odd, subject) => {
    expect(verdictOn(subject, odd)).toBe('unknown')
    expect(quirks(odd)).toEqual([])
  })

  function limitedBy(heard: Heard): Partial<Observed> {
    return { limited: { max_tokens: whole({ content: TEXT }), max_completion_tokens: heard } }
  }

  function brief(): Heard {
    const message = { content: 'Hi' }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    return answered(200, { id: 'a', choices, usage: usage(1) })
  }
})

test.each([
  ['in the total on top of the completion', 39, ['reasoning-apart']],
  ['in the total as part of the completion', 29, []],
])('reasoning that is told of, and %s, is judged by that', (_, total_tokens, expected) => {
  const details = { completion_tokens_details: { reasoning_tokens: 10 } }
  const told = whole({ content: TEXT }, usage(20, { ...details, total_tokens }))
  const limited = { max_tokens: told, max_completion_tokens: told }
  expect(quirks({ limited })).toEqual(expected)
})

test('an upstream that could not finish within the limit knows the limit', () => {
  const unfinished = refused('Could not finish: max_tokens or model output limit was reached.')
  const limited = { max_tokens: whole({ content: TEXT }), max_completion_tokens: unfinished }
  expect(verdictOn('output_limit', { limited })).toBe('ok')
})

test('whatever an upstream sends, every diagnosis is sound', () => {
  const body = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.constantFrom(stream().body, whole({ content: TEXT }).body, 'data: [DONE]\n\n', 'data: {'),
  )
  const heard: fc.Arbitrary<Heard | null> = fc.option(
    fc
      .record({
        status: fc.constantFrom(200, 204, 301, 400, 401, 404, 422, 429, 500, 502, 503),
        body,
        end: fc.constantFrom('complete', 'stopped', 'broken', 'too_long', 'too_slow'),
      })
      .map(({ status, body: text, end }) =>
        answered(status, text, { end: end as Answered['end'] }),
      ),
  )
  const names = ['models', 'unlimited', 'stream', 'plainStream', 'developer', 'system'] as const
  const odd = fc.record(
    Object.fromEntries([...names, 'abandoned', 'afterwards'].map((name) => [name, heard])),
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(odd, heard, heard, (more, old, current) => {
      const limited = { max_tokens: old, max_completion_tokens: current }
      const { verdict, findings, profile } = diagnose(observed({ ...more, limited }))
      const subjects = findings.map(({ about }) => about)
      expect(subjects).toEqual(SUBJECTS.filter((subject) => subjects.includes(subject)))
      const faults = findings.filter((one) => one.verdict === 'fault')
      expect(verdict === 'fault').toBe(faults.length > 0)
      const { onDisconnect = 'finish', ...always } = profile
      expect([onDisconnect, Object.keys(always).length]).toEqual(['finish', 5])
      for (const { seen } of findings) expect(seen.length).toBeLessThan(1_000)
    }),
  )
})
