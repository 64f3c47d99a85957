import { BlockList, isIP } from 'node:net'
import type { ProxySettings } from '../../config.ts'

/** This machine, the sandbox on it, and names that lead here: no proxy would find them. */
const HERE = ['localhost', '127.0.0.0/8', '0.0.0.0', '::/127']

type Exception = { matches(host: string): boolean; port: string | null }

/** Through which proxy an upstream is reached. */
export class Proxies {
  readonly #settings: ProxySettings
  readonly #exceptions: Exception[]

  constructor(settings: ProxySettings) {
    this.#settings = settings
    this.#exceptions = [...HERE, ...settings.direct].map(readException)
  }

  /** @returns null where it is connected to directly */
  for(url: URL): URL | null {
    const isSecure = url.protocol === 'https:'
    const proxy = isSecure ? this.#settings.https : this.#settings.http
    if (proxy === null) return null
    const host = url.hostname.replace(/^\[|\]$|\.$/g, '')
    const port = url.port || (isSecure ? '443' : '80')
    const isDirect = this.#exceptions.some(
      (one) => (one.port ?? port) === port && one.matches(host),
    )
    return isDirect ? null : proxy
  }
}

/** Reads an entry of NO_PROXY; each may name a port. */
function readException(text: string): Exception {
  const [, bracketed, plain = text, port = null] =
    text.toLowerCase().match(/^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/) ?? []
  const name = bracketed ?? plain
  if (name === '*') return { matches: () => true, port }
  const [address = '', prefix] = name.split('/')
  const version = isIP(address)
  if (version === 0) {
    const domain = name.replace(/^\*?\./, '')
    return { matches: (host) => host === domain || host.endsWith(`.${domain}`), port }
  }
  const bits = version === 6 ? 128 : 32
  const list = new BlockList()
  const family = version === 6 ? 'ipv6' : 'ipv4'
  list.addSubnet(address, Math.min(Number(prefix ?? bits) || 0, bits), family)
  const matches = (host: string) =>
    isIP(host) !== 0 && list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')
  return { matches, port }
}
