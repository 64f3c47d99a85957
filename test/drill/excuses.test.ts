import { expect, test } from 'vitest'
import type { Ending, Seen } from '../../drill/client.ts'
import { isExcused } from '../../drill/excuses.ts'
import type { Call } from '../../drill/sandbox.ts'

const NOW = 1_000_000
const AWAY = [{ from: NOW - 10_000, to: NOW - 5_000 }]
const LONG_AGO = [{ from: NOW - 90_000, to: NOW - 60_000 }]

/** A request of which only these parts matter. */
function request(ending: Ending, parts: Record<string, unknown> = {}): Seen {
  const instance = { killed: [], stopped: [], ...(parts.instance as object) }
  const account = { isPoor: false, ...(parts.account as object) }
  const order = { leavesAt: null }
  const times = { sentAt: NOW - 7_000, endedAt: NOW - 6_000 }
  const seen = { order, retryAfter: '2', status: 503, code: null, ...times }
  return { ...seen, ...parts, ending, instance, account } as unknown as Seen
}

const trouble = (ledgerAway = [...LONG_AGO]) => ({ ledgerAway, upstreamsDied: [], refusals: [] })

test.each<[string, Seen, boolean]>([
  ['complete', request('complete'), true],
  ['cut by a kill', request('cut', { instance: { killed: AWAY } }), true],
  ['cut while nothing was killed', request('cut', { instance: { killed: LONG_AGO } }), false],
  ['cut by a stop in good order', request('cut', { instance: { stopped: AWAY } }), false],
  ['reset while nobody stopped', request('reset', { instance: { stopped: LONG_AGO } }), false],
  [
    'without a connection during a stop',
    request('unreachable', { instance: { stopped: AWAY } }),
    true,
  ],
  [
    'refused while stopping',
    request('refused', { code: 'shutting_down', instance: { stopped: AWAY } }),
    true,
  ],
  ['refused as stopping by one that was not', request('refused', { code: 'shutting_down' }), false],
  ['ended without a word', request('silent', { instance: { killed: AWAY } }), false],
  ['left though it was not to leave', request('left'), false],
  [
    'poor and out of credits',
    request('refused', { code: 'insufficient_quota', account: { isPoor: true } }),
    true,
  ],
  ['rich and out of credits', request('refused', { code: 'insufficient_quota' }), false],
])('a request that was %s is judged by what the drill has done', (_, seen, excused) => {
  expect(isExcused(seen, undefined, trouble())).toBe(excused)
})

test('the ledger is an excuse while it is away, and where the client is told when to come back', () => {
  const refused = request('refused', { code: 'ledger_unavailable' })
  expect(isExcused(refused, undefined, trouble(AWAY))).toBe(true)
  expect(isExcused(refused, undefined, trouble())).toBe(false)
  expect(isExcused({ ...refused, retryAfter: null }, undefined, trouble(AWAY))).toBe(false)
})

test('a connection that is reset as a listener closes was refused, unless somebody read it', () => {
  const reset = request('reset', { instance: { stopped: AWAY } })
  expect(isExcused(reset, undefined, trouble())).toBe(true)
  expect(isExcused(reset, { id: 'a' } as Call, trouble())).toBe(false)
})
