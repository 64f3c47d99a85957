import { isDeepStrictEqual } from 'node:util'
import type { ModelInfo, Provider } from '@pydantic/genai-prices'
import { modelOfName, type NameRule } from '../domain/model-names.ts'
import { NotImportable } from './terms.ts'
import { type PriceVersion, versionsOf } from './versions.ts'

/** What the catalogue has of one of its providers. */
export type Offer = {
  /** The provider's id there. */
  catalogue: string
  /** Whose price a name has; refused models are among them: no other one takes their names. */
  rules: NameRule[]
  models: { model: string; versions: PriceVersion[] }[]
  refused: { model: string; reason: string }[]
}

type Entry = { model: string; info: ModelInfo }

/** The prices of a provider from a time on, and those of the providers whose models it resells. */
export function offerOf(provider: Provider, all: readonly Provider[], from: Date): Offer {
  const entries = entriesOf(provider, all)
  const rules: NameRule[] = entries.map(({ model, info }) => ({ match: info.match, model }))
  const offer: Offer = { catalogue: provider.id, rules, models: [], refused: [] }
  const taken = new Map<string, ModelInfo['prices']>()
  for (const [at, { model, info }] of entries.entries()) {
    if (isDeepStrictEqual(taken.get(model), info.prices)) continue // it has that price already
    const meant = modelOfName(rules, model) ?? model
    if (taken.has(model) || meant !== model) {
      rules[at] = { match: info.match, model: null }
      const reason = `its name stands for another price of ${provider.id}`
      offer.refused.push({ model, reason })
      continue
    }
    taken.set(model, info.prices)
    addVersions(offer, model, info, from)
  }
  return offer
}

function addVersions(offer: Offer, model: string, info: ModelInfo, from: Date): void {
  try {
    offer.models.push({ model, versions: versionsOf(info, from) })
  } catch (error) {
    if (!(error instanceof NotImportable)) throw error
    offer.refused.push({ model, reason: error.message })
  }
}

/** Its own models come first, as the catalogue looks for them. */
function entriesOf(provider: Provider, all: readonly Provider[]): Entry[] {
  const others = (provider.fallback_model_providers ?? []).flatMap(
    (id) => all.find((other) => other.id === id)?.models ?? [],
  )
  return [...provider.models, ...others].map((info) => ({ model: info.id, info }))
}
