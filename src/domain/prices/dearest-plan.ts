import type { MicroCredits } from '../credits.ts'
import { clampedLimit, type HoldPlan, planHold } from '../hold.ts'
import type { Rate } from './price.ts'

type Planned = Omit<Parameters<typeof planHold>[0], 'rate'>
type Rates = readonly [Rate, ...Rate[]]

/** Plans a hold for a request that may be served at any of these rates: at the dearest. */
export function planDearest(request: Planned, rates: Rates): HoldPlan {
  return rates.map((rate) => planHold({ ...request, rate })).reduce(dearer)
}

function dearer(plan: HoldPlan, other: HoldPlan): HoldPlan {
  const amount = larger(plan.amount, other.amount)
  return { ...plan, amount, minimum: larger(plan.minimum, other.minimum) }
}

/** The output limit a choice may have at whichever of these rates; null where none is lowered. */
export function clampedAtDearest(
  plan: HoldPlan,
  granted: MicroCredits,
  choices: number,
  rates: Rates,
): number | null {
  const limits = rates
    .map((rate) => clampedLimit(plan, granted, choices, rate))
    .filter((limit) => limit !== null)
  return limits.length === 0 ? null : Math.min(...limits)
}

function larger(a: MicroCredits, b: MicroCredits): MicroCredits {
  return a > b ? a : b
}
