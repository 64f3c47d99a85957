import { HOLD_OUTPUT_TOKENS, type ModelLimits, outputBound } from './bounds.ts'
import type { MicroCredits } from './credits.ts'
import { affordableOutput, costBound, type Rate } from './prices/price.ts'
import type { Tier } from './tier.ts'

/** What a request asks to hold before it may run. */
export type HoldPlan = {
  promptTokens: number
  /** Output tokens the whole hold covers, over all choices. */
  outputTokens: number
  amount: MicroCredits
  /** The least that lets the request run: below it the ledger refuses. */
  minimum: MicroCredits
  /** The most output the request may reach over all choices; null when nobody limits it. */
  boundTokens: number | null
  /** The output tokens a stream takes at a time once the hold runs low. */
  sliceTokens: number
  /** The output limit a choice must be sent with, where the tier's cap is below the client's. */
  outputLimit: number | null
}

type Planned = {
  stream: boolean
  choices: number
  promptTokens: number
  /** The client's limit a choice. */
  outputLimit: number | null
  /** The output over all choices where its size follows from the request; else null. */
  fixedOutput?: number | null
  model: ModelLimits
  tier: Tier
  rate: Rate
}

/**
 * Plans a hold. A stream holds its prompt and a first slice of output, and takes further slices
 * while it runs. Any other request holds its whole limit, and may be granted less: then its
 * output limit is lowered to what the grant pays for, down to one token a choice; a limit of no
 * tokens stays.
 */
export function planHold(request: Planned): HoldPlan {
  const { stream, choices, promptTokens, fixedOutput = null, model, tier, rate } = request
  const slice = sliceTokens(model, tier)
  if (fixedOutput !== null) return fixedPlan(promptTokens, fixedOutput, slice, rate)
  const cap = tier.maxOutputTokens
  const bound = outputBound(request.outputLimit, model.maxOutputTokens, cap)
  const each = stream ? Math.min(bound ?? slice, slice) : (bound ?? slice)
  const amount = costBound(promptTokens, each * choices, rate)
  const capped = cap !== null && (request.outputLimit === null || request.outputLimit > cap)
  return {
    promptTokens,
    outputTokens: each * choices,
    boundTokens: bound === null ? null : bound * choices,
    sliceTokens: slice,
    amount,
    minimum: stream ? amount : costBound(promptTokens, Math.min(each, 1) * choices, rate),
    outputLimit: capped ? cap : null,
  }
}

/** Nobody can lower such an output: its hold is placed whole, or not at all. */
function fixedPlan(promptTokens: number, output: number, slice: number, rate: Rate): HoldPlan {
  const amount = costBound(promptTokens, output, rate)
  return {
    promptTokens,
    outputTokens: output,
    boundTokens: output,
    sliceTokens: slice,
    amount,
    minimum: amount,
    outputLimit: null,
  }
}

/** The output tokens of a slice: the model's setting, else the tier's, else the default. */
function sliceTokens(model: ModelLimits, tier: Tier): number {
  return model.holdOutputTokens ?? tier.holdOutputTokens ?? HOLD_OUTPUT_TOKENS
}

/**
 * The output limit a choice may have under what was granted; null when the plan was granted in
 * full and no cap applies.
 */
export function clampedLimit(
  plan: HoldPlan,
  granted: MicroCredits,
  choices: number,
  rate: Rate,
): number | null {
  if (granted >= plan.amount) return plan.outputLimit
  const affordable = affordableOutput(granted, plan.promptTokens, rate)
  const each = Math.max(1, Math.floor(affordable / choices))
  return plan.outputLimit === null ? each : Math.min(each, plan.outputLimit)
}
