import type { Upstream } from './upstream.ts'

/** The tier of the drill's accounts, and the credits each kind gets. */
const TIER = 'drill'
const RICH_CREDITS = '1000000'

/** Requests of account making that are on their way at a time. */
const AT_ONCE = 20

export type Account = { id: string; key: string; credits: string; isPoor: boolean }

/** The few calls of the admin API that the drill needs. */
export class Admin {
  readonly #origin: string
  readonly #token: string

  constructor(origin: string, token: string) {
    this.#origin = origin
    this.#token = token
  }

  /** The tier of all accounts that are made from now on. */
  async setTier(settings: Record<string, unknown>): Promise<void> {
    await this.#call('PUT', `/tiers/${TIER}`, settings)
  }

  /** Gives a model one route to each of these upstreams, at its own price. */
  async route(model: string, upstreams: readonly Upstream[]): Promise<void> {
    for (const { name: provider, url, microPerToken } of upstreams) {
      await this.#call('PUT', `/providers/${provider}`, { base_url: url, api_key: 'any' })
      const usd = String(microPerToken / 1_000n)
      await this.#call('POST', '/prices', { provider, model, input: usd, output: usd })
    }
    const routes = upstreams.map(({ name }) => ({ provider: name }))
    await this.#call('PUT', `/models/${model}`, { routes })
  }

  /** An account with a key; rich unless its credits are given. */
  async openAccount(credits?: string): Promise<Account> {
    const granted = credits ?? RICH_CREDITS
    const body = { name: TIER, tier: TIER, credits: granted }
    const { id } = (await this.#call('POST', '/accounts', body)) as { id: string }
    const { key } = (await this.#call('POST', `/accounts/${id}/keys`, {})) as { key: string }
    return { id: id.slice('acc_'.length), key, credits: granted, isPoor: credits !== undefined }
  }

  async openAccounts(count: number, credits?: string): Promise<Account[]> {
    const accounts: Account[] = []
    while (accounts.length < count) {
      const some = Math.min(AT_ONCE, count - accounts.length)
      const opened = Array.from({ length: some }, () => this.openAccount(credits))
      accounts.push(...(await Promise.all(opened)))
    }
    return accounts
  }

  async #call(method: string, path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${this.#origin}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (answer.ok) return JSON.parse(text)
    throw new Error(`${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`)
  }
}
