import type { RequestRecord } from '../store/request-record.ts'

/** The label of what the operator has not named. */
export const OTHER = 'other'

/** The names an operator has entered. */
export type KnownNames = {
  hasModel(name: string): boolean
  /** The name under which a model's prices were entered; null where none were. */
  pricedAs(provider: string, model: string): string | null
  hasProvider(name: string): boolean
}

export type Labels = { provider: string; model: string }

/**
 * Labels are bounded by the configuration: any name that clients make up is `other`. A model is
 * known by its entry, or by its price: under the name of that, since a rule of imported prices may
 * fit any number of names.
 */
export function labelsOf(
  { model, provider }: Pick<RequestRecord, 'model' | 'provider'>,
  known: KnownNames,
): Labels {
  return { provider: providerLabel(provider, known), model: modelLabel(model, provider, known) }
}

function modelLabel(model: string | null, provider: string | null, known: KnownNames): string {
  if (model === null) return OTHER
  if (known.hasModel(model)) return model
  return (provider !== null && known.pricedAs(provider, model)) || OTHER
}

export function providerLabel(provider: string | null, known: KnownNames): string {
  return provider !== null && known.hasProvider(provider) ? provider : OTHER
}
