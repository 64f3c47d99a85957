import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { Resolver } from '../../src/upstream/connect/address-guard.ts'

/** An address that is public, and that nothing here ever reaches. */
export const PUBLIC = '203.0.113.7'

/**
 * A resolver in the hands of the test. `<address>.nip.test` leads to that address, `public.test`
 * to a public one, and a name that was set to what it was set to, one answer after the other; the
 * last of them stays.
 */
export class Names {
  readonly #answers = new Map<string, string[][]>()
  /** The names that were asked for. */
  readonly asked: string[] = []

  set(name: string, ...answers: string[][]): void {
    this.#answers.set(name, answers)
  }

  readonly resolver: Resolver = (name, _options, callback) => {
    this.asked.push(name)
    const addresses = this.#answerTo(name)
    setImmediate(() => {
      if (addresses.length > 0) return callback(null, addresses.map(withFamily))
      callback(Object.assign(new Error(`ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), [])
    })
  }

  #answerTo(name: string): string[] {
    if (name === 'public.test') return [PUBLIC]
    const answers = this.#answers.get(name) ?? []
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    return answer ?? [name.replace(/\.nip\.test$/, '')].filter((address) => isIP(address) !== 0)
  }
}

function withFamily(address: string): LookupAddress {
  return { address, family: isIP(address) }
}
