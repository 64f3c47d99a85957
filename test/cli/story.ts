import { expect } from 'vitest'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf } from './tollkeeper.ts'

/** What a story must say, line by line; a line that is left out must not be there. */
export type ExpectedStory = {
  headline: string
  who?: string
  upstream: string
  streamed: string
  usage: string
  money: string
  error?: string
  cause?: RegExp
}

/** A story as its headline and its lines by their label. */
type Story = { headline: string; lines: Map<string, string[]> }

/** Waits for the record of an answer, and has the command line tell its story. */
export async function tell(proxy: Tollkeeper, response: Response): Promise<Story> {
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id)
  return readStory(id, await cliOf(proxy).text(['request', 'show', id]))
}

/** Takes the text of a story apart. */
export function readStory(id: string, text: string): Story {
  const [first = '', ...rest] = text.split('\n')
  expect(first).toMatch(new RegExp(`^request ${id} {2}`))
  const lines = new Map<string, string[]>()
  for (const line of rest) {
    const [, label = '', told = ''] = line.match(/^ {2}(\S+) +(.*)$/) ?? []
    lines.set(label, [...(lines.get(label) ?? []), told])
  }
  return { headline: first.slice(`request ${id}  `.length), lines }
}

/** Checks a story; `~` in a text stands for a number that differs from run to run. */
export function expectStory({ headline, lines }: Story, expected: ExpectedStory): void {
  const { headline: ending, cause, ...texts } = expected
  expect(headline).toMatch(pattern(ending))
  for (const [label, text] of Object.entries(texts)) {
    expect(lines.get(label)?.join('\n'), label).toMatch(pattern(text))
  }
  if (expected.error === undefined) expect(lines.has('error')).toBe(false)
  if (cause === undefined) expect(lines.get('cause')).toBe(undefined)
  else expect(lines.get('cause')?.join('\n')).toMatch(cause)
}

function pattern(text: string): RegExp {
  return new RegExp(`^${text.split('~').map(RegExp.escape).join('[0-9.]+')}`)
}
