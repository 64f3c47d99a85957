import type { Seen } from './client.ts'
import { countedPromptTokens, reportedTokens, tokensOf } from './orders.ts'
import type { Call } from './sandbox.ts'
import { meets } from './windows.ts'

/** Tokens, or seconds of streaming, by which a crash may miss what a cut stream delivered. */
const CRASH_TOKENS = 256
const CRASH_SECONDS = 2

/** Milliseconds around a crash in which a stream that ended otherwise was perhaps caught by it. */
const CAUGHT_MS = 1_000

/** What a request has to cost, in tokens: a whole number from the least to the most. */
export type Truth = {
  /** The proxy's id of it; null when it never came far enough to have one that anybody knows. */
  id: string | null
  /** The client got a 200, or the upstream served it. */
  admitted: boolean
  least: number
  most: number
  /** By how much the charge may miss that, since the process was killed in the middle. */
  allowance: number
}

/**
 * What the client and the upstream know of a request, put together. A complete answer costs
 * exactly what the upstream reported; one that was cut costs no less than what the client read and
 * no more than what the upstream wrote.
 * @param isForgotten its upstream may have died with what it knew
 */
export function truthOf(seen: Seen, call: Call | undefined, isForgotten = false): Truth {
  const id = seen.id ?? call?.requestId ?? null
  const admitted = seen.status === 200 || call !== undefined
  const reported = reportedTokens(call?.completionTokens ?? 0)
  if (seen.ending === 'complete') {
    const { promptTokens, completionTokens } = seen.usage ?? {
      promptTokens: 0,
      completionTokens: reported,
    }
    const cost = promptTokens + completionTokens
    return { id, admitted, least: cost, most: cost, allowance: 0 }
  }
  if (!call && isForgotten && seen.status === 200) return { id, admitted, ...boundsOf(seen) }
  const isCharged = seen.ending !== 'refused' && call !== undefined
  if (!isCharged) return { id, admitted, least: 0, most: 0, allowance: 0 }
  const read = seen.characters === 0 ? 0 : call.promptTokens + tokensOf(seen.characters)
  return { id, admitted, least: read, most: reported, allowance: allowanceOf(seen) }
}

/** What is right for a stream that was cut when its upstream died, as far as anybody knows. */
function boundsOf({ characters, order }: Seen): Omit<Truth, 'id' | 'admitted'> {
  const least = characters === 0 ? 0 : countedPromptTokens() + tokensOf(characters)
  return { least, most: reportedTokens(order.tokens), allowance: 0 }
}

/** How far a charge is from what it may be; 0 is right. */
export function deviationOf(charged: number, { least, most }: Truth): number {
  return Math.max(least - charged, charged - most, 0)
}

function allowanceOf({ order, instance, sentAt, endedAt }: Seen): number {
  const crashes = [...instance.killed, ...instance.frozen]
  if (!order.stream || !meets(crashes, sentAt, endedAt ?? Date.now(), CAUGHT_MS)) return 0
  return Math.max(CRASH_TOKENS, order.tokensPerSecond * CRASH_SECONDS)
}
