import { BytesRelay } from './bytes-relay.ts'
import { LookingRelay } from './looking-relay.ts'
import type { Relay, RelayOptions } from './relay.ts'
import type { Source } from './source.ts'
import { StreamRelay } from './stream-relay.ts'
import { WholeRelay } from './whole-relay.ts'

/** What carries a 2xx answer of this content type: events, bytes, or one piece. */
export function relayFor(
  options: RelayOptions,
  type: string,
  source: Source,
  startedAt: number,
): Relay {
  const { endpoint, request } = options
  const whole = () => new WholeRelay(options, type, source, startedAt)
  const tap = request.stream ? endpoint.tap?.(request, options) : undefined
  if (tap) {
    const stream = () => new StreamRelay(options, tap, source, startedAt)
    return isEventStream(type) ? stream() : new LookingRelay(stream, whole)
  }
  if (endpoint.answersBytes && !/^(text\/|application\/json\b)/i.test(type)) {
    return new BytesRelay(options, type, source, startedAt)
  }
  return whole()
}

function isEventStream(type: string): boolean {
  return /^text\/event-stream\b/i.test(type)
}
