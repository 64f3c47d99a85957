import type { AddressGuard } from '../../upstream/connect/address-guard.ts'
import type { Proxies } from '../../upstream/connect/proxies.ts'
import { invalidValue } from './refusals.ts'

/**
 * Reads the base URL of an upstream. Its name is resolved here only to tell the operator early: it
 * is judged again at every connection. Where a proxy resolves it, only the URL itself is judged.
 * @throws ProxyError invalid_value for what can not, or must not, be an upstream
 */
export async function readBaseUrl(
  text: string,
  guard: AddressGuard,
  proxies: Proxies,
): Promise<URL> {
  const url = readUrl(text)
  const refusal = guard.refusalOf(url)
  if (refusal !== null) throw refused(refusal)
  if (proxies.for(url) !== null || (await guard.mayResolve(url))) return url
  throw refused('its name leads to no public address; others need UPSTREAM_ALLOW_CIDRS')
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalidValue('base_url', 'base_url must be an http or https URL.')
  }
  if (/[\s\\]/.test(text)) {
    throw invalidValue('base_url', 'base_url must have no spaces and no backslashes.')
  }
  const [host = ''] = text.replace(/^[^:]*:\/*/, '').split(/[/?]/)
  if (host.includes('@') || text.includes('#')) {
    throw invalidValue('base_url', 'base_url must have no user name, password or fragment.')
  }
  return url
}

function refused(why: string) {
  return invalidValue('base_url', `base_url leads to an address that is not allowed: ${why}.`)
}
