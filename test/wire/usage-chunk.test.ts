import { describe, expect, test } from 'vitest'
import { chunk, FINISH, says, tapped } from './tap.ts'

const USAGE = '{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}'
const usageChunk = (more = '') => chunk('', `,"usage":${USAGE}${more}`)
const ESTIMATED = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 }

describe('a usage chunk that was asked for', () => {
  test('waits for the end of the choices, and then is what the upstream sent', () => {
    const early = usageChunk(',"x":1.0')
    const { sent, tap } = tapped([early, chunk(says('a')), chunk(FINISH)], { wantsUsage: true })
    expect(sent).toEqual([chunk(says('a')), chunk(FINISH)])
    expect(tap.ending(ESTIMATED)).toBe(`data: ${early}\n\ndata: [DONE]\n\n`)
  })

  test('is not the early one where a later report is larger', () => {
    const larger = chunk(FINISH, `,"usage":${USAGE.replace('4', '5')}`)
    const { tap } = tapped([usageChunk(), larger], { wantsUsage: true })
    expect(JSON.parse(tap.usageEvent(ESTIMATED).slice(6)).usage.completion_tokens).toBe(5)
  })

  test('leaves in its place where the choices are finished, and only once', () => {
    const events = [chunk(says('a')), chunk(FINISH), usageChunk(), usageChunk()]
    const { sent, tap } = tapped(events, { wantsUsage: true })
    expect(sent).toEqual(events.slice(0, 3))
    expect(tap.ending(ESTIMATED)).toBe('data: [DONE]\n\n')
  })
})

test('a usage chunk of our own is named as the stream is, not as a first chunk about its prompt', () => {
  const filter =
    '{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[]}'
  const origin = { id: 'ours', created: 2, model: 'ours' }
  const events = [filter, chunk(says('a')), chunk(FINISH)]
  const { sent, tap } = tapped(events, { wantsUsage: true, isBare: true, origin })
  expect(sent[0]).toBe(filter)
  const told = JSON.parse(tap.usageEvent(ESTIMATED).slice('data: '.length))
  expect(told).toMatchObject({ id: 'chatcmpl-1', created: 1, model: 'm', choices: [] })
})

describe('usage in every chunk', () => {
  const every = [chunk(says('a'), `,"usage":${USAGE}`), chunk(FINISH, `,"usage":${USAGE}`)]

  test('is left to a client that asked for it', () => {
    const wishes = { wantsUsage: true, wantsContinuousUsage: true }
    expect(tapped([...every, usageChunk()], wishes).sent).toEqual([...every, usageChunk()])
  })

  test('is taken from one that asked for usage alone', () => {
    const plain = [chunk(says('a')), chunk(FINISH)]
    expect(tapped(every, { wantsUsage: true }).sent).toEqual(plain)
  })
})

test('the usage that Groq reports on its own is taken from a client that did not ask', () => {
  const groq = (usage: string) => chunk(FINISH, `,"x_groq":{"id":"r"${usage},"n":1.0}`)
  const events = [groq(`,"usage":${USAGE}`)]
  expect(tapped(events).sent).toEqual([groq('')])
  expect(tapped(events, { wantsUsage: true }).sent).toEqual(events)
})
