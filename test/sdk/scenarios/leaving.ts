import { left, timedOut } from './expect.ts'
import { asStream, everyWay, once, type Scenario, type Surface, untilTimeout } from './scenario.ts'

/** The client's own patience, in ms. */
const TIMEOUT_MS = 1_500
/** Pieces of text after which a client leaves a stream that has said 3 and falls silent. */
const PIECES = 2

/** Clients that do not wait for the end. */
export function leaving(surface: Surface): Scenario[] {
  return [
    asStream(surface, 'the client leaves midway', {
      call: { model: 'sandbox-hang-midstream', leavesAfter: PIECES },
      user: left,
      requests: once,
      charge: 'some',
      outcome: 'client_gone',
    }),
    ...everyWay(surface, 'no answer, and the client gives up', {
      call: { model: 'sandbox-hang', timeoutMs: TIMEOUT_MS },
      user: timedOut,
      requests: untilTimeout,
      charge: 'nothing',
      outcome: 'client_gone',
    }),
  ]
}
