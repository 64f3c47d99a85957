/** The few calls of the admin API that the benchmark needs. */

export interface Account {
  id: string
  posted: string
  held: string
}

export class Admin {
  readonly #origin: string
  readonly #token: string

  constructor(origin: string, token: string) {
    this.#origin = origin
    this.#token = token
  }

  async createAccount(name: string, credits: string): Promise<Account> {
    return (await this.#call('POST', '/admin/accounts', { name, credits })) as Account
  }

  async createKey(account: string): Promise<string> {
    const answer = await this.#call('POST', `/admin/accounts/${account}/keys`, {})
    return (answer as { key: string }).key
  }

  async account(id: string): Promise<Account> {
    return (await this.#call('GET', `/admin/accounts/${id}`)) as Account
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(body && { 'content-type': 'application/json' }),
    }
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(this.#origin + path, init)
    const text = await response.text()
    if (response.ok) return JSON.parse(text)
    throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`)
  }
}
