import { broken, toldOfFailure } from './expect.ts'
import { asStream, once, type Scenario, type Surface } from './scenario.ts'

/** What happens to a stream after some of its text, and the code of the error that says so. */
const BREAKS: [string, string, string][] = [
  ['an error event midway', 'sandbox-error-midstream', 'upstream_error'],
  ['cut midway', 'sandbox-cut-midstream', 'upstream_error'],
  ['garbage midway', 'sandbox-garbage-midstream', 'upstream_error'],
  ['an end midway', 'sandbox-end-without-finish', 'upstream_incomplete'],
]

/** Streams that break after their first text: never a silent success. */
export function breaks(surface: Surface): Scenario[] {
  const broke = { requests: once, charge: 'some', outcome: 'upstream_broken' } as const
  return [
    ...BREAKS.map(([title, model, code]) =>
      asStream(surface, title, { call: { model }, user: broken(surface, code), ...broke }),
    ),
    asStream(surface, 'silence midway', {
      call: { model: 'sandbox-hang-midstream' },
      user: broken(surface, 'upstream_timeout'),
      requests: once,
      charge: 'some',
      outcome: 'timed_out',
      direct: false,
    }),
    asStream(surface, 'credits that run out', {
      call: { model: 'dear-echo', prompt: 'A token costs a credit here. '.repeat(30) },
      terms: { credits: '50' },
      user: broken(surface, 'insufficient_quota'),
      requests: once,
      charge: 'some',
      outcome: 'out_of_credits',
      direct: false,
    }),
  ]
}

/** A response may say of itself, as its last event, that it has failed. */
export function failedResponse(): Scenario[] {
  return [
    asStream('responses', 'failed midway', {
      call: { model: 'sandbox-failed' },
      user: toldOfFailure,
      requests: once,
      charge: 'some',
    }),
  ]
}
