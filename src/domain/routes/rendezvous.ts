/** Characters of a key that count: enough to tell any two apart that somebody means to. */
export const KEY_LENGTH_MAX = 512

/**
 * How much a key wants a route: of several the highest score is its own (weighted rendezvous
 * hashing). A route that comes or goes moves only the keys that are its own, and its weight is the
 * share of keys it gets.
 */
export function rendezvousScore(key: string, route: string, weight: number): number {
  const share = (hash(`${route}\n${key.slice(0, KEY_LENGTH_MAX)}`) + 0.5) / 2 ** 32
  return -weight / Math.log(share)
}

/** FNV-1a over UTF-16 code units, then the finish of MurmurHash3: 32 bits, evenly spread. */
function hash(text: string): number {
  let bits = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
