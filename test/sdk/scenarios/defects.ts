import { callsTools, whole } from './expect.ts'
import { asStream, once, type Scenario, type Surface } from './scenario.ts'

/** Streams that are not as OpenAI writes them, and are complete answers all the same. */
const DEFECTS: [string, string][] = [
  ['CRLF and comments', 'sandbox-crlf'],
  ['CR, no space', 'sandbox-cr'],
  ['noise between events', 'sandbox-noise'],
  ['gzip unasked', 'sandbox-gzip'],
  ['gzip by name alone', 'sandbox-stale-gzip'],
  ['text/plain', 'sandbox-text-plain'],
  ['JSON for a stream', 'sandbox-json-for-stream'],
  ['no [DONE]', 'sandbox-no-done'],
  ['[DONE] and no blank line', 'sandbox-unended-done'],
  ['an event after [DONE]', 'sandbox-after-done'],
  ['usage in every chunk', 'sandbox-usage-every-chunk'],
  ['usage in the last chunk', 'sandbox-usage-finish-chunk'],
  ['usage as x_groq', 'sandbox-usage-x-groq'],
  ['a first chunk as of Azure', 'sandbox-azure-first'],
  ['error: null in chunks', 'sandbox-error-null'],
  ['choices without index', 'sandbox-no-index'],
  ['role ""', 'sandbox-role-empty'],
  ['finish_reason ""', 'sandbox-finish-empty'],
]

const ANSWERED = { requests: once, charge: 'some', outcome: 'completed' } as const

/** Complete answers of upstreams with ways of their own. */
export function defects(surface: Surface): Scenario[] {
  return [
    ...DEFECTS.map(([title, model]) =>
      asStream(surface, title, {
        call: { model, asksUsage: true },
        user: whole,
        ...ANSWERED,
      }),
    ),
    asStream(surface, 'usage in every chunk, unasked', {
      call: { model: 'sandbox-usage-every-chunk' },
      user: whole,
      ...ANSWERED,
    }),
    asStream(surface, 'stream_options refused', {
      call: { model: 'sandbox-rejects-stream-options', asksUsage: true },
      user: whole,
      ...ANSWERED,
    }),
    asStream(surface, 'tool calls without index', {
      call: { model: 'sandbox-tool-no-index', offersTool: true, asksUsage: true },
      user: callsTools([{ name: 'look_up_city', arguments: '{"city":"Oslo"}' }]),
      ...ANSWERED,
    }),
  ]
}
