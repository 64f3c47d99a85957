import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { METADATA_NAMES, NEVER, NOT_PUBLIC, REFUSED_PORTS } from './refused-places.ts'

/** Milliseconds to resolve a name when it is saved; what takes longer is judged when connected. */
const RESOLVE_MS = 1_000

/** Asks for all addresses of a name, as `lookup` of node:dns does. */
export type Resolver = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** A name that resolves to no address that may be an upstream. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
  readonly code = 'ERR_ADDRESS_REFUSED'

  constructor(hostname: string) {
    super(`${hostname} has no address that may be an upstream`)
  }
}

/**
 * Decides to which addresses a provider may lead: one that somebody entered to public and allowed
 * ones, that of the environment to any but those of metadata services.
 */
export class AddressGuard {
  readonly #never = blockList(NEVER)
  readonly #notPublic = blockList(NOT_PUBLIC)
  readonly #allowed: BlockList
  readonly #resolve: Resolver

  /**
   * @param allowed CIDRs of UPSTREAM_ALLOW_CIDRS
   * @param resolve tells the addresses of a name; left out, as the system does
   */
  constructor(allowed: readonly string[], resolve: Resolver = lookup) {
    this.#allowed = blockList(allowed)
    this.#resolve = resolve
  }

  /** @param trusted whether the environment vouches for it */
  allows(address: string, trusted = false): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0 || this.#never.check(address, family)) return false
    if (trusted || this.#allowed.check(address, family)) return true
    return !this.#notPublic.check(address, family)
  }

  /**
   * Why a URL may not be an upstream, as far as can be told before its name is resolved.
   * @returns null where nothing is against it
   */
  refusalOf(url: URL, trusted = false): string | null {
    const name = nameOf(url.hostname)
    if (METADATA_NAMES.has(name)) return 'it is a metadata service'
    const isHere = name === 'localhost' || name.endsWith('.localhost') // RFC 6761, 6.3
    const addresses = isHere ? ['127.0.0.1', '::1'] : isIP(name) ? [name] : []
    if (addresses.length > 0 && !addresses.some((one) => this.allows(one, trusted))) {
      return 'an address that is not public needs UPSTREAM_ALLOW_CIDRS, and some are never allowed'
    }
    if (!trusted && REFUSED_PORTS.has(Number(url.port || 80))) {
      return `port ${url.port} is that of another service`
    }
    return null
  }

  /**
   * Whether a name has an address now that may be an upstream. True also where that can not be
   * told yet: it is judged again whenever it is connected to.
   */
  mayResolve(url: URL): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(true), RESOLVE_MS)
    this.lookup(nameOf(url.hostname), { all: true }, (error) => {
      clearTimeout(timer)
      resolve(!(error instanceof AddressRefused))
    })
    return promise
  }

  /** A resolver that hands on allowed addresses only, at the moment of connecting. */
  readonly lookup: LookupFunction = (...asked) => this.#lookUp(false, ...asked)

  /** The same for what the environment names. */
  readonly trustedLookup: LookupFunction = (...asked) => this.#lookUp(true, ...asked)

  #lookUp(trusted: boolean, ...[hostname, options, callback]: Parameters<LookupFunction>): void {
    this.#resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const allowed = addresses.filter(({ address }) => this.allows(address, trusted))
      const [first] = allowed
      if (first === undefined) {
        return callback(new AddressRefused(hostname), [])
      }
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

/** A name as it is compared: without the brackets of an address, or the dot of the root. */
function nameOf(hostname: string): string {
  return hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase()
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}
