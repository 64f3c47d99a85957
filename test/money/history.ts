import { randomUUIDv7 } from 'node:crypto'
import { crashSettlement } from '../../src/leases/crash-settlement.ts'
import type { OpenHold } from '../../src/store/instances.ts'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import type { Random } from '../simulator/random.ts'

export type Key = { accountId: string; keyId: string; key: string }

/** The price that everything begins with, in USD per million tokens, and since when it is right. */
const PRICE = { provider: 'openai', model: 'sandbox-echo', input: '10', output: '10' }
const YEAR = 2_020

const messages = [{ role: 'user', content: 'Hello there' }]
const stream = true

/** What customers send; who leaves does so once something has come. */
const KINDS: { body: object; leaves?: boolean }[] = [
  { body: { model: 'sandbox-echo', stream } },
  { body: { model: 'sandbox-echo', max_tokens: 30 } },
  { body: { model: 'sandbox-echo', stream, sandbox: { reply_chars: 30_000 } } },
  { body: { model: 'sandbox-echo', sandbox: { completion_tokens: 50_000 } } },
  { body: { model: 'sandbox-reasoning', stream, max_tokens: 8 } },
  { body: { model: 'sandbox-no-usage', stream } },
  { body: { model: 'sandbox-no-usage' } },
  { body: { model: 'sandbox-error-500' } },
  { body: { model: 'sandbox-error-429', stream } },
  { body: { model: 'sandbox-cut-midstream', stream } },
  { body: { model: 'sandbox-error-midstream', stream } },
  { body: { model: 'sandbox-ignores-limit', stream, max_tokens: 8 } },
  {
    body: { model: 'sandbox-echo', stream, sandbox: { reply_chars: 900, delay_ms: 5 } },
    leaves: true,
  },
]

const TERMS = {
  endpoint: '/v1/chat/completions',
  model: 'sandbox-echo',
  provider: 'openai',
  base_url: 'http://127.0.0.1/v1',
  upstream_model: 'sandbox-echo',
  stream,
  price_id: null,
  markup_ppm: '1000000',
  rate: { input: '10000000' },
}

/** A history of many accounts over two instances, as chance has it. */
export class History {
  /** The requests that were made, each with the key that made it. */
  readonly requests = new Map<string, Key>()
  readonly #proxies: [Tollkeeper, Tollkeeper]
  readonly #keys: Key[]
  readonly #random: Random
  #made = 0

  constructor(proxies: [Tollkeeper, Tollkeeper], keys: Key[], random: Random) {
    this.#proxies = proxies
    this.#keys = keys
    this.#random = random
  }

  /** A name that nothing else has. */
  #reference(): string {
    this.#made += 1
    return `reference ${this.#made}`
  }

  /** Requests of some customers at once, each of any kind. */
  async crowd(count: number): Promise<void> {
    const orders = Array.from({ length: count }, () => ({
      key: this.#random.pick(this.#keys),
      kind: this.#random.pick(KINDS),
      proxy: this.#random.pick(this.#proxies),
    }))
    await Promise.all(
      orders.map(async ({ key, kind, proxy }) => {
        const client = new AbortController()
        const body = { ...kind.body, messages }
        const response = await proxy.chat(key.key, body, { signal: client.signal })
        this.requests.set(response.headers.get('x-request-id') as string, key)
        if (kind.leaves && response.body) {
          await response.body.getReader().read()
          client.abort()
        } else await response.text().catch(() => 'broken off')
      }),
    )
  }

  /** A stream that another instance takes for dead, at any checkpoint, and that ends after all. */
  async late(): Promise<void> {
    const [one, two] = this.#proxies
    const key = this.#random.pick(this.#keys)
    one.sandbox.hold()
    const answering = one.chat(key.key, { model: 'sandbox-echo', stream, max_tokens: 10, messages })
    let isRefused = false
    const told = answering.then(({ ok }) => {
      isRefused = !ok
    })
    await eventually(() => one.sandbox.waiting() === 1 || isRefused)
    if (!isRefused) await this.#crash(two, key)
    one.sandbox.release()
    await told
    const response = await answering
    await response.text()
    this.requests.set(response.headers.get('x-request-id') as string, key)
  }

  /** A request whose process is gone, settled by an instance at any checkpoint. */
  async crashed(): Promise<void> {
    const [{ app, sql }, two] = this.#proxies
    const key = this.#random.pick(this.#keys)
    const id = randomUUIDv7()
    const [account_id, key_id] = [key.accountId.slice(4), key.keyId.slice(4)]
    const row = { id, account_id, key_id, amount: '300000', minimum: '300000', terms: TERMS }
    const batch = JSON.stringify([row])
    const [held] = await sql`
      select outcome from reserve_v3(${app.database.instanceId()}::uuid, ${batch}::text::json, false)`
    if (held?.outcome !== 'held') return
    this.requests.set(id, key)
    await this.#crash(two, key)
  }

  /** Credits of the operator: a grant, or an adjustment of an account or of a request. */
  async moved(): Promise<void> {
    const [proxy] = this.#proxies
    const requests = [...this.requests]
    const [id, owner] = this.#random.pick(requests)
    const { accountId } = this.#random.chance(50) ? owner : this.#random.pick(this.#keys)
    const path = `/accounts/${accountId}`
    const credits = `0.${this.#random.between(1, 999_999).toString().padStart(6, '0')}`
    const reference = this.#reference()
    if (this.#random.chance(30)) {
      await proxy.admin('POST', `${path}/grants`, { credits, reference })
      return
    }
    const request_id = accountId === owner.accountId ? { request_id: id } : {}
    const signed = this.#random.chance(50) ? credits : `-${credits}`
    const asked = { credits: signed, reference, reason: 'it was wrong', ...request_id }
    await proxy.admin('POST', `${path}/adjustments`, asked)
  }

  /** A price that was right from some time on, and what was charged at another is corrected. */
  async repriced(usd: string): Promise<void> {
    const [proxy] = this.#proxies
    const from = (years: number) => `${YEAR + years}-01-01T00:00:00.000Z`
    this.#made += 1
    const price = { ...PRICE, input: usd, output: usd, effective_from: from(this.#made % 5) }
    await proxy.admin('POST', '/prices', price)
    const { provider, model } = PRICE
    const asked = { provider, model, from: from(0), reason: 'a typo', apply: true }
    await proxy.admin('POST', '/corrections', { ...asked, reference: this.#reference() })
  }

  /** Settles the last hold of a key as that of a process which is gone. */
  async #crash({ sql, app }: Tollkeeper, { keyId }: Key): Promise<void> {
    const [row] = await sql`
      select * from holds where key_id = ${keyId.slice(4)} order by id desc limit 1`
    const hold: OpenHold = {
      ...{ id: row?.id, accountId: row?.account_id, keyId: row?.key_id, terms: row?.terms },
      ...{ instanceId: row?.instance_id, amount: BigInt(row?.amount), metered: 0n },
      ...{ tokens: null, accountTpm: null, keyTpm: null, createdAt: row?.created_at },
    }
    const metered = BigInt(this.#random.below(Number(hold.amount) + 1))
    await app.database.settlements.add(crashSettlement({ ...hold, metered }, new Date()))
  }
}
