import { describe, expect, test } from 'vitest'
import { chunk, says, tapped } from './tap.ts'

const usage = (completion: number) =>
  `,"usage":{"prompt_tokens":9,"completion_tokens":${completion}}`

/** Two choices, each chunk with what its own choice has used: as vLLM does. */
const RUNNING = [
  chunk(says('a', 0), usage(20)),
  chunk(says('b', 1), usage(30)),
  chunk(says('c', 0, 'stop'), usage(25)),
  chunk(says('d', 1, 'stop'), usage(35)),
]

describe('of several choices', () => {
  test('a report of one is not that of a stream that is broken off', () => {
    const { tap } = tapped(RUNNING, { choices: 2 })
    expect(tap.usage).toBeNull()
    expect(tap.completionLength).toBe(4)
    expect(tap.oddUsage).toBeNull()
  })

  test('the report of all of them is the last one', () => {
    const { tap } = tapped([...RUNNING, chunk('', usage(60)), '[DONE]'], { choices: 2 })
    expect(tap.usage?.completionTokens).toBe(60)
    expect(tap.oddUsage).toBeNull()
  })

  test('an upstream that reports nowhere else is believed when it is done', () => {
    const events = [chunk(says('a', 0)), chunk(says('b', 1, 'stop'), usage(60)), '[DONE]']
    const { tap } = tapped(events, { choices: 2, wantsUsage: true })
    expect(tap.usage?.completionTokens).toBe(60)
    const estimated = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 }
    expect(tap.ending(estimated)).toContain('"completion_tokens":60')
  })
})

test('of one choice the report so far counts for a stream that is broken off', () => {
  expect(tapped([chunk(says('a'), usage(20))]).tap.usage?.completionTokens).toBe(20)
})
