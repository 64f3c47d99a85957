import { completeUsage, type Delivered, withToolCalls } from './usage/estimate.ts'
import type { Usage } from './usage/usage.ts'

/** How a request ended. */
export type Outcome =
  | 'completed'
  | 'client_gone'
  | 'upstream_error'
  | 'upstream_broken'
  | 'timed_out'
  | 'out_of_credits'
  | 'refused'
  | 'shutting_down'
  | 'crashed'

/** Everything the upstream's side of a request left behind, once it has ended. */
export type Ending = {
  outcome: Outcome
  delivered: Delivered
  /** The last usage the upstream reported. */
  reported: Usage | null
  /** What the prompt and the delivered text are worth without a report. */
  estimated: Usage
  /** The upstream's answer began: from then on there is something to charge. */
  answered: boolean
}

export type ChargedUsage = { usage: Usage; source: 'reported' | 'estimated' }

/**
 * The usage a request is charged. Nothing is free because something failed, nothing is charged
 * because something failed: what the upstream reported, completed by the estimate where it left
 * something out; the estimate of what was delivered where it reported nothing; null, and no
 * charge, where its answer never began.
 * @param outputLimit where it is 0, the text of the answer is the prompt, told again: a report of
 * no output has left nothing out
 */
export function usageToCharge(
  { answered, reported, estimated, delivered }: Ending,
  outputLimit: number | null,
): ChargedUsage | null {
  if (!answered) return null
  const isNoneMade = outputLimit === 0 && reported !== null
  const missing = isNoneMade ? { ...estimated, completionTokens: 0 } : estimated
  const usage = withToolCalls(completeUsage(reported, missing), delivered)
  return { usage, source: reported === null ? 'estimated' : 'reported' }
}
