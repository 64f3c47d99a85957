import { untilLimited } from '../world/limited.ts'
import { refused, whole } from './expect.ts'
import {
  asStream,
  everyWay,
  inOnePiece,
  type Media,
  once,
  onceIfTold,
  type Scenario,
  type Surface,
  twice,
} from './scenario.ts'

const UNPAID = { charge: 'nothing' } as const

/** How the upstream fails before its first byte: title, card, and what a client is told. */
const UPSTREAM: [string, string, number, string, Scenario['requests']][] = [
  ['upstream 400', 'sandbox-error-400', 400, 'upstream_rejected', once],
  ['upstream 401', 'sandbox-error-401', 502, 'upstream_misconfigured', onceIfTold],
  ['upstream 404', 'sandbox-error-404', 404, 'upstream_rejected', once],
  ['upstream 422, another shape', 'sandbox-error-422', 400, 'upstream_rejected', once],
  ['upstream 429', 'sandbox-error-429', 429, 'rate_limit_exceeded', twice],
  ['upstream 500', 'sandbox-error-500', 502, 'upstream_error', twice],
  ['upstream 500, a string', 'sandbox-error-string', 502, 'upstream_error', twice],
  ['upstream 503', 'sandbox-error-503', 502, 'upstream_error', twice],
  ['upstream 502 in HTML', 'sandbox-html-error', 502, 'upstream_error', twice],
  ['an error in a 200', 'sandbox-error-in-200', 502, 'upstream_error', twice],
  ['HTML in a 200', 'sandbox-html-200', 502, 'upstream_error', twice],
]

/** A 200 without an answer: to a stream it is an end before the end. */
const EMPTY: [string, string][] = [
  ['nothing in a 200', 'sandbox-empty-200'],
  ['garbage in a 200', 'sandbox-garbage'],
]

/** Errors with a status of their own: before the first byte of any answer. */
export function refusals(endpoint: Surface | Media): Scenario[] {
  const upstream = UPSTREAM.flatMap(([title, model, status, code, requests]) =>
    everyWay(endpoint, title, {
      call: { model },
      user: refused(endpoint, status, code),
      requests,
      ...UNPAID,
    }),
  )
  return [...upstream, ...own(endpoint)]
}

/** A 200 that holds nothing: to a stream it is an end before the end. */
export function emptyAnswers(surface: Surface): Scenario[] {
  return EMPTY.flatMap(([title, model]) => {
    const common = { call: { model }, requests: twice, ...UNPAID }
    return [
      inOnePiece(surface, title, { ...common, user: refused(surface, 502, 'upstream_error') }),
      asStream(surface, title, { ...common, user: refused(surface, 502, 'upstream_incomplete') }),
    ]
  })
}

/** What Tollkeeper itself refuses. The sandbox would answer all of it. */
function own(endpoint: Surface | Media): Scenario[] {
  const common = { call: { model: 'sandbox-echo' }, direct: false, requests: once } as const
  return [
    ...everyWay(endpoint, 'no credits', {
      ...common,
      terms: { credits: '0' },
      user: refused(endpoint, 402, 'insufficient_quota'),
      ...UNPAID,
    }),
    ...everyWay(endpoint, 'a wrong key', {
      ...common,
      terms: { key: `tk_${'x'.repeat(38)}` },
      user: refused(endpoint, 401, 'invalid_api_key'),
      ...UNPAID,
    }),
    ...everyWay(endpoint, 'a model the tier has not', {
      ...common,
      terms: { tier: 'narrow' },
      user: refused(endpoint, 403, 'model_not_allowed'),
      ...UNPAID,
    }),
  ]
}

/** The only refusal that passes while the client waits. */
export function rateLimit(surface: Surface): Scenario[] {
  return everyWay(surface, 'out of its rate, then in it', {
    call: { model: 'sandbox-echo' },
    direct: false,
    terms: { requestsPerMinute: 1 },
    prepare: untilLimited,
    user: whole,
    requests: twice,
    charge: 'some',
  })
}

/** Nothing runs without a hold, and a hold wants Postgres. */
export function ledgerAway(endpoint: Surface | Media): Scenario[] {
  return everyWay(endpoint, 'the ledger is away', {
    call: { model: 'sandbox-echo' },
    direct: false,
    ledgerAway: true,
    user: refused(endpoint, 503, 'ledger_unavailable'),
    requests: twice,
    ...UNPAID,
  })
}
