import { ProxyError } from '../errors.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import type { Provider } from '../store/providers.ts'
import { readProfile } from '../wire/profile.ts'
import { type UpstreamTarget, upstreamTarget } from './target.ts'

/**
 * The upstreams of providers in the database, each made once from its row.
 * @throws ProxyError upstream_misconfigured, each time, where its key can not be opened
 */
export function createTargets(secretBox: SecretBox): (provider: Provider) => UpstreamTarget {
  const made = new WeakMap<Provider, UpstreamTarget>()
  return (provider) => {
    const known = made.get(provider)
    if (known) return known
    const { name, baseUrl, profile } = provider
    const apiKey = openKey(secretBox, provider)
    const target = upstreamTarget(name, new URL(baseUrl), apiKey, 'database', readProfile(profile))
    made.set(provider, target)
    return target
  }
}

function openKey(secretBox: SecretBox, { name, apiKey }: Provider): string | null {
  try {
    return apiKey && secretBox.open(apiKey)
  } catch (reason) {
    const cause = new Error(`the key of the provider ${name} can not be opened`, { cause: reason })
    throw new ProxyError('upstream_misconfigured', { cause })
  }
}
