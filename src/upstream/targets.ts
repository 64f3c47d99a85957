import { isDeepStrictEqual } from 'node:util'
import { ProxyError } from '../errors.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import type { Provider } from '../store/providers.ts'
import { readProfile } from '../wire/profile.ts'
import { type UpstreamTarget, upstreamTarget } from './target.ts'

type Made = { provider: Provider; target: UpstreamTarget }

/**
 * The upstreams of providers in the database. One is the same until its provider is changed,
 * however often its row is read again: what was found out of it is known by it.
 * @throws ProxyError upstream_misconfigured, each time, where its key can not be opened
 */
export function createTargets(secretBox: SecretBox): (provider: Provider) => UpstreamTarget {
  const made = new Map<string, Made>()
  return (provider) => {
    const known = made.get(provider.name)
    if (known && isUnchanged(known, provider)) return known.target
    const { name, baseUrl, profile } = provider
    const apiKey = openKey(secretBox, provider)
    const target = upstreamTarget(name, new URL(baseUrl), apiKey, 'database', readProfile(profile))
    made.set(name, { provider, target })
    return target
  }
}

/** Compares a row once: the next request finds the very same one. */
function isUnchanged(known: Made, provider: Provider): boolean {
  const isSame = known.provider === provider || isDeepStrictEqual(known.provider, provider)
  if (isSame) known.provider = provider
  return isSame
}

function openKey(secretBox: SecretBox, { name, apiKey }: Provider): string | null {
  try {
    return apiKey && secretBox.open(apiKey)
  } catch (reason) {
    const cause = new Error(`the key of the provider ${name} can not be opened`, { cause: reason })
    throw new ProxyError('upstream_misconfigured', { cause })
  }
}
