import type { Origin } from '../../src/wire/sse/chunk-repairs.ts'
import { UsageTap } from '../../src/wire/sse/usage-tap.ts'

const HEAD = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m"'

/** The JSON text of a chunk: its `choices`, and another member with its comma or nothing. */
export function chunk(choices: string, more = ''): string {
  return `{${HEAD},"choices":[${choices}]${more}}`
}

/** The JSON text of a choice that says something. */
export function says(text: string, index = 0, finish: string | null = null): string {
  const delta = JSON.stringify({ content: text })
  return `{"index":${index},"delta":${delta},"finish_reason":${JSON.stringify(finish)}}`
}

export const FINISH = '{"index":0,"delta":{},"finish_reason":"stop"}'

type Options = {
  wantsUsage?: boolean
  wantsContinuousUsage?: boolean
  choices?: number
  origin?: Origin
  /** The events are the whole stream, from its beginning. */
  isBare?: boolean
}

/** With what the first choice of a stream begins. */
export const OPENING = chunk('{"index":0,"delta":{"role":"assistant"},"finish_reason":null}')

/** Passes events through a tap whose stream has begun. */
export function tapped(events: readonly string[], options: Options = {}) {
  const { wantsUsage = false, wantsContinuousUsage = false, isBare = false } = options
  const { choices = 1, ...rest } = options
  const wishes = { wantsUsage, wantsContinuousUsage, choices }
  const tap = new UsageTap('chat.completion.chunk', wishes, { keepText: true, ...rest })
  if (!isBare) tap.read({ data: OPENING, canonical: null })
  const verdicts = events.map((data) => tap.read({ data, canonical: null }))
  const sent = verdicts.flatMap((verdict, position) => {
    if (verdict.kind === 'rewrite') return [verdict.data]
    return verdict.kind === 'forward' ? [events[position] as string] : []
  })
  return { tap, sent, kinds: verdicts.map(({ kind }) => kind) }
}
