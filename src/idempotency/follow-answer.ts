import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Claim } from '../store/lanes/idempotency.ts'
import type { Capture } from './capture.ts'
import type { EndedClaim } from './keeper.ts'
import { tapResponse } from './tap-response.ts'

/** The headers that belong to an answer; all others belong to one sending of it. */
const KEPT_HEADERS = [
  'content-type',
  'cache-control',
  'x-accel-buffering',
  'x-tollkeeper-max-tokens',
]

type FollowOptions = {
  response: ServerResponse
  claim: Claim
  capture: Capture
  /** Whether the answer is complete, once it is over. */
  isCompleted(): boolean
  /** Resolves when it is known how a request has ended whose client has gone. */
  abandoned(): Promise<void>
  /** Called once, with the last bytes or after a hang-up. */
  ended(claim: EndedClaim): void
}

/** Follows the answer of a request that has claimed a key, until it is over. */
export function followAnswer(options: FollowOptions): void {
  const { response, claim, capture, isCompleted } = options
  let head: EndedClaim['head'] = null
  let isOver = false

  const end = () => {
    if (isOver) return
    isOver = true
    options.ended({ claim, isCompleted: isCompleted(), head, capture })
  }
  tapResponse(response, {
    head: (status, headers) => {
      head = { status, headers: keptOf(headers) }
    },
    data: (piece) => capture.add(piece),
    end,
  })
  const hungUp = async () => {
    await options.abandoned()
    end()
  }
  if (response.closed) void hungUp()
  else response.once('close', () => void hungUp())
}

function keptOf(headers: OutgoingHttpHeaders): Record<string, string> {
  const kept = KEPT_HEADERS.filter((name) => headers[name] !== undefined)
  return Object.fromEntries(kept.map((name) => [name, String(headers[name])]))
}
