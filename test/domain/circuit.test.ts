import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  Circuit,
  FAULTS_TO_OPEN,
  OPEN_JITTER_MS,
  OPEN_MS,
  PROBE_ALONE_MS,
  RETRY_AFTER_MAX_MS,
  type RouteFault,
  WHOLE_PROBE_AFTER_MS,
} from '../../src/domain/routes/circuit.ts'

const NOW = 1_000_000

const fault = (more: Partial<RouteFault> = {}): RouteFault => ({
  nowMs: NOW,
  cameAtMs: NOW,
  isTimeout: false,
  retryAfterMs: null,
  chance: 0,
  isProbe: false,
  ...more,
})

/** A circuit that so many faults in a row have met. */
function faulted(times: number, more: Partial<RouteFault> = {}): Circuit {
  const circuit = new Circuit()
  for (let at = 0; at < times; at += 1) circuit.faulted(fault(more))
  return circuit
}

const opened = (more: Partial<RouteFault> = {}) => faulted(FAULTS_TO_OPEN, more)

test('faults in a row open a circuit, and the last of them says so', () => {
  const circuit = faulted(FAULTS_TO_OPEN - 1)
  expect(circuit.state(NOW)).toBe('closed')
  expect(circuit.faulted(fault())).toBe(true)
  expect(circuit.state(NOW)).toBe('open')
})

test('a success in between begins the count anew', () => {
  const circuit = faulted(FAULTS_TO_OPEN - 1)
  expect(circuit.succeeded(NOW)).toBe(false)
  for (let at = 1; at < FAULTS_TO_OPEN; at += 1) circuit.faulted(fault())
  expect(circuit.state(NOW)).toBe('closed')
})

test('who waits in vain while others are answered opens no circuit', () => {
  const impatient = (cameAtMs: number) => fault({ isTimeout: true, cameAtMs })
  const circuit = new Circuit()
  circuit.succeeded(NOW - 1)
  for (let at = 0; at < FAULTS_TO_OPEN; at += 1) circuit.faulted(impatient(NOW - 2))
  expect(circuit.state(NOW)).toBe('closed')
  for (let at = 1; at < FAULTS_TO_OPEN; at += 1) circuit.faulted(impatient(NOW - 1))
  expect(circuit.faulted(impatient(NOW))).toBe(true)
})

test('an open circuit is half open after its time, and wants one probe then', () => {
  const circuit = opened()
  expect(circuit.wantsProbe(NOW + OPEN_MS - 1, true)).toBe(false)
  expect(circuit.state(NOW + OPEN_MS)).toBe('half_open')
  expect(circuit.wantsProbe(NOW + OPEN_MS, true)).toBe(true)
  circuit.probe(NOW + OPEN_MS)
  expect(circuit.wantsProbe(NOW + OPEN_MS, true)).toBe(false)
  circuit.probeLeft()
  expect(circuit.wantsProbe(NOW + OPEN_MS, true)).toBe(true)
})

test('a probe that fails opens it again, silently; one that succeeds closes it', () => {
  const circuit = opened()
  const later = NOW + OPEN_MS
  circuit.probe(later)
  expect(circuit.faulted(fault({ nowMs: later, isProbe: true }))).toBe(false)
  expect(circuit.state(later)).toBe('open')
  expect(circuit.state(later + OPEN_MS)).toBe('half_open')
  circuit.probe(later + OPEN_MS)
  expect(circuit.succeeded(later)).toBe(true)
  expect(circuit.state(later)).toBe('closed')
})

test('faults of requests that began before it opened do not keep it open', () => {
  const circuit = opened()
  circuit.faulted(fault({ nowMs: NOW + OPEN_MS - 1 }))
  expect(circuit.state(NOW + OPEN_MS)).toBe('half_open')
})

test('answers of requests that came before it opened do not close it', () => {
  const circuit = opened()
  expect(circuit.succeeded(NOW - 1)).toBe(false)
  expect(circuit.state(NOW)).toBe('open')
  expect(circuit.succeeded(NOW + 1)).toBe(true)
})

test('a Retry-After is heeded, up to a bound', () => {
  expect(opened({ retryAfterMs: 7_000 }).state(NOW + 6_999)).toBe('open')
  expect(opened({ retryAfterMs: 1 }).state(NOW + OPEN_MS - 1)).toBe('open')
  const hour = opened({ retryAfterMs: 3_600_000 })
  expect(hour.state(NOW + RETRY_AFTER_MAX_MS)).toBe('half_open')
})

test('what timeouts opened is probed by a stream, and by another only after a while', () => {
  const circuit = opened({ isTimeout: true })
  expect(circuit.wantsProbe(NOW + OPEN_MS, false)).toBe(false)
  expect(circuit.wantsProbe(NOW + OPEN_MS, true)).toBe(true)
  expect(circuit.wantsProbe(NOW + OPEN_MS + WHOLE_PROBE_AFTER_MS, false)).toBe(true)
})

test.each([
  [false, true, true],
  [false, false, true],
  [true, true, true],
  [true, false, false],
])(
  'a probe that takes long is joined by others (opened by timeouts: %s, stream: %s): %s',
  (isTimeout, isStream, joins) => {
    const circuit = opened({ isTimeout })
    const later = NOW + OPEN_MS + WHOLE_PROBE_AFTER_MS
    circuit.probe(later)
    expect(circuit.wantsProbe(later + PROBE_ALONE_MS - 1, isStream)).toBe(false)
    expect(circuit.wantsProbe(later + PROBE_ALONE_MS, isStream)).toBe(joins)
    circuit.probe(later + PROBE_ALONE_MS)
    expect(circuit.wantsProbe(later + PROBE_ALONE_MS, isStream)).toBe(false)
  },
)

test('whatever happens, a circuit takes a probe within ten seconds of its last fault', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('fault' as const),
      isTimeout: fc.boolean(),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 10_000_000 })),
      chance,
      isProbe: fc.boolean(),
    }),
    fc.record({ kind: fc.constantFrom('success' as const, 'probe' as const, 'left' as const) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const circuit = new Circuit()
      for (const one of events) {
        if (one.kind === 'fault') circuit.faulted({ ...one, nowMs: NOW, cameAtMs: NOW })
        else if (one.kind === 'success') circuit.succeeded(NOW)
        else if (one.kind === 'probe') circuit.probe(NOW)
        else circuit.probeLeft()
      }
      circuit.probeLeft()
      const usable = (ms: number) => circuit.state(ms) === 'closed' || circuit.wantsProbe(ms, true)
      expect(usable(NOW + 10_000)).toBe(true)
      expect(OPEN_MS + OPEN_JITTER_MS).toBeLessThanOrEqual(5_000)
    }),
  )
})
