import type { RequestRecord } from '../store/request-record.ts'

/** The label of what the operator has not named. */
export const OTHER = 'other'

/** The names an operator has entered. */
export type KnownNames = {
  hasModel(name: string): boolean
  hasProvider(name: string): boolean
}

export type Labels = { provider: string; model: string }

/**
 * Labels are bounded by the configuration: any name that clients make up is `other`. A model is
 * known by its entry, or by the price that its request was charged at.
 */
export function labelsOf(
  { model, provider, priceId }: Pick<RequestRecord, 'model' | 'provider' | 'priceId'>,
  known: KnownNames,
): Labels {
  const isKnown = model !== null && (Boolean(priceId) || known.hasModel(model))
  return { provider: providerLabel(provider, known), model: isKnown ? model : OTHER }
}

export function providerLabel(provider: string | null, known: KnownNames): string {
  return provider !== null && known.hasProvider(provider) ? provider : OTHER
}
