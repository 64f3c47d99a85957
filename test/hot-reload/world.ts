import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { History } from './history.ts'
import { runningMs } from './running-time.ts'

export const TIER = 'moving'

/** The name of every model at its upstream. */
export const UPSTREAM_MODEL = 'sandbox-echo'

/** A price of all providers: USD a million tokens, in and out alike; `from` as in the histories. */
export type Price = { id: string; provider: string; model: string; usd: number; from: number }

/** Two instances on one database, three upstreams, and everything that changes. */
export type World = {
  proxies: readonly [Tollkeeper, Tollkeeper]
  upstreams: Record<string, Sandbox>
  customer: Customer
  /** The providers that a model is routed to. */
  routed: Record<string, History<string[]>>
  /** The base URL of the provider that moves. */
  nomad: History<string>
  prices: Price[]
  /** Changes one thing after the other, each through the other instance. */
  change(): Promise<void>
  close(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const first = await startProxy({ env: LOOPBACK })
  const { databaseUrl, sandbox } = first
  const second = await startProxy({ env: LOOPBACK, databaseUrl, sandbox })
  const upstreams = { acme: await startSandbox(), beta: await startSandbox(), openai: sandbox }
  const proxies = [first, second] as const
  const world = new MovingWorld(proxies, upstreams)
  await world.begin()
  const customer = await first.customer('1000000', { tier: TIER })
  const close = async () => {
    await second.close()
    await first.close()
    await upstreams.acme.close()
    await upstreams.beta.close()
  }
  const { routed, nomad, prices } = world
  for (const proxy of proxies) await eventually(() => listsAll(proxy, customer, routed))
  const change = () => world.change()
  return { proxies, upstreams, customer, routed, nomad, prices, change, close }
}

/** Whether what was set up has reached an instance. */
async function listsAll(
  { url }: Tollkeeper,
  { key }: Customer,
  routed: World['routed'],
): Promise<true | undefined> {
  const answer = await fetch(`${url}/models`, { headers: { authorization: `Bearer ${key}` } })
  const { data } = (await answer.json()) as { data: { id: string }[] }
  const known = data.map(({ id }) => id)
  return Object.keys(routed).every((model) => known.includes(model)) || undefined
}

class MovingWorld {
  readonly routed = {
    m: new History<string[]>(),
    again: new History<string[]>(),
    moving: new History<string[]>(),
  }
  readonly nomad = new History<string>()
  readonly prices: Price[] = []
  readonly #proxies: readonly Tollkeeper[]
  readonly #upstreams: Record<'acme' | 'beta' | 'openai', Sandbox>
  #turn = 0

  constructor(proxies: readonly Tollkeeper[], upstreams: MovingWorld['urls']) {
    this.#proxies = proxies
    this.#upstreams = upstreams
  }

  get urls() {
    return this.#upstreams
  }

  async begin(): Promise<void> {
    await this.#call('PUT', `/tiers/${TIER}`, { models: ['*'], markup: '1' })
    for (const name of ['acme', 'beta'] as const) await this.#put(name, this.#upstreams[name].url)
    await this.#moveTo('acme')
    for (const provider of ['acme', 'beta', 'gamma', 'openai', 'nomad']) {
      await this.#price(provider, 100)
    }
    await this.#price('openai', 50, 'again')
    await this.#route('m', 'acme')
    await this.#route('again', 'acme')
    await this.#route('moving', 'nomad')
  }

  async change(): Promise<void> {
    this.#turn += 1
    const { url } = this.#upstreams.acme
    await this.#put('gamma', url) // acme is renamed: made anew, routed to, and the old one deleted
    await this.#route('m', 'gamma')
    await this.#route('again', 'beta')
    await this.#call('DELETE', '/providers/acme')
    await this.#price('gamma', 100 + this.#turn)
    await this.#route('m', 'beta', 'gamma')
    await this.#call('PUT', `/tiers/${TIER}`, { models: ['*'], markup: '2' })
    await this.#moveTo('beta')
    await this.#put('acme', url)
    await this.#route('m', 'acme', 'openai')
    await this.#call('DELETE', '/providers/gamma')
    await this.routed.again.change(['openai'], () => this.#call('DELETE', '/models/again'))
    await this.#price('acme', 200 + this.#turn)
    await this.#price('openai', 300 + this.#turn)
    await this.#route('m', 'openai')
    await this.#call('PUT', `/tiers/${TIER}`, { models: ['*'], markup: '1' })
    await this.#route('again', 'acme')
    await this.#moveTo('acme')
    await this.#price('nomad', 400 + this.#turn)
    await this.#route('m', 'acme')
  }

  #route(model: keyof MovingWorld['routed'], ...providers: string[]): Promise<void> {
    const routes = providers.map((provider) => ({ provider, upstream_model: UPSTREAM_MODEL }))
    const put = () => this.#call('PUT', `/models/${model}`, { routes })
    return this.routed[model].change(providers, put)
  }

  #moveTo(name: 'acme' | 'beta'): Promise<void> {
    const { url } = this.#upstreams[name]
    return this.nomad.change(url, () => this.#put('nomad', url))
  }

  #put(name: string, base_url: string): Promise<unknown> {
    return this.#call('PUT', `/providers/${name}`, { base_url })
  }

  async #price(provider: string, usd: number, model = UPSTREAM_MODEL): Promise<void> {
    const price = { provider, model, input: String(usd), output: String(usd) }
    const { id } = await this.#call('POST', '/prices', price)
    this.prices.push({ id, provider, model, usd, from: runningMs() })
  }

  /** Through each instance in turn. */
  async #call(method: string, path: string, body?: object): Promise<any> {
    const proxy = this.#proxies[this.#calls % this.#proxies.length] as Tollkeeper
    this.#calls += 1
    const answer = await proxy.admin(method, path, body)
    if (answer.status < 300) return answer.body
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
  #calls = 0
}
