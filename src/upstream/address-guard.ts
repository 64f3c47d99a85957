import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Never an upstream, whatever is allowed: cloud metadata lives there. */
const NEVER = [
  ...['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128'],
  ...['100.100.100.200/32', '168.63.129.16/32'],
  // 169.254.0.0/16 inside an IPv6 address; ::ffff:0:0/96 is checked as the IPv4 address it is
  ...['::a9fe:0/112', '64:ff9b::a9fe:0/112', '2002:a9fe::/32'],
]

/** Private, loopback and reserved ranges: an upstream only where UPSTREAM_ALLOW_CIDRS says so. */
const NOT_PUBLIC = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4', '::/96'],
  ...['::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16'], // carry IPv4
  ...['100::/64', 'fc00::/7', 'fec0::/10', 'ff00::/8'],
]

/** A name that resolves to no address that may be an upstream. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
  readonly code = 'ERR_ADDRESS_REFUSED'

  constructor(hostname: string) {
    super(`${hostname} has no address that may be an upstream`)
  }
}

/** Decides to which addresses a provider that somebody entered may lead. */
export class AddressGuard {
  readonly #never = blockList(NEVER)
  readonly #notPublic = blockList(NOT_PUBLIC)
  readonly #allowed: BlockList

  /** @param allowed CIDRs of UPSTREAM_ALLOW_CIDRS */
  constructor(allowed: readonly string[]) {
    this.#allowed = blockList(allowed)
  }

  allows(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0 || this.#never.check(address, family)) return false
    return this.#allowed.check(address, family) || !this.#notPublic.check(address, family)
  }

  /** Whether a URL's host may be an upstream, as far as can be told before it is resolved. */
  allowsHost(hostname: string): boolean {
    const address = hostname.replace(/^\[|\]$/g, '')
    return isIP(address) === 0 || this.allows(address)
  }

  /** A resolver that hands on allowed addresses only, at the moment of connecting. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const allowed = addresses.filter(({ address }) => this.allows(address))
      const [first] = allowed
      if (first === undefined) {
        return callback(new AddressRefused(hostname), [])
      }
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
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
