import type { AddressGuard } from '../../upstream/address-guard.ts'
import { invalidValue } from './refusals.ts'

/** @throws ProxyError invalid_value for what can not, or must not, be an upstream */
export function readBaseUrl(text: string, guard: AddressGuard): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalidValue('base_url', 'base_url must be an http or https URL.')
  }
  if (url.username || url.password || url.hash) {
    throw invalidValue('base_url', 'base_url must have no user name, password or fragment.')
  }
  if (!guard.allowsHost(url.hostname)) {
    const allow = 'a private address needs UPSTREAM_ALLOW_CIDRS'
    throw invalidValue('base_url', `base_url leads to an address that is not allowed: ${allow}.`)
  }
  return url
}
