import type { SecretBox } from '../secret-box.ts'
import type { Provider } from '../store/providers.ts'
import { type UpstreamTarget, upstreamTarget } from './target.ts'

/** The upstreams of providers in the database, each made once from its row. */
export function createTargets(secretBox: SecretBox): (provider: Provider) => UpstreamTarget {
  const made = new WeakMap<Provider, UpstreamTarget>()
  return (provider) => {
    const known = made.get(provider)
    if (known) return known
    const apiKey = provider.apiKey && secretBox.open(provider.apiKey)
    const target = upstreamTarget(provider.name, new URL(provider.baseUrl), apiKey, 'database')
    made.set(provider, target)
    return target
  }
}
