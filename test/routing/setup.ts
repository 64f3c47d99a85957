import type { Sandbox } from '../../src/sandbox/index.ts'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'

/** Lets providers of the database be on this machine. */
export const LOOPBACK = { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' }

export const PROVIDER_KEY = 'canary-provider-key-0123456789'

export type Route = {
  provider: string
  upstream_model?: string
  priority?: number
  weight?: number
}

/** Makes a provider that is really there. */
export async function putProvider(
  proxy: Tollkeeper,
  name: string,
  upstream: Pick<Sandbox, 'url'>,
  apiKey: string | null = PROVIDER_KEY,
): Promise<void> {
  const settings = { base_url: upstream.url, api_key: apiKey }
  const { status } = await proxy.admin('PUT', `/providers/${name}`, settings)
  if (status !== 200) throw new Error(`PUT /providers/${name} answered ${status}`)
}

/** Gives a model its routes. */
export async function putModel(proxy: Tollkeeper, model: string, routes: Route[]): Promise<void> {
  const path = `/models/${encodeURIComponent(model)}`
  const { status } = await proxy.admin('PUT', path, { routes })
  if (status !== 200) throw new Error(`PUT ${path} answered ${status}`)
}

/** Enters a price. @returns its id */
export async function putPrice(
  proxy: Tollkeeper,
  provider: string,
  model: string,
  terms: { input: string; output: string; effective_from?: string; [more: string]: unknown },
): Promise<string> {
  const { status, body } = await proxy.admin('POST', '/prices', { provider, model, ...terms })
  if (status !== 201) throw new Error(`POST /prices answered ${status}`)
  return body.id
}

export const say = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: 'Hello, wherever you are.' }],
  ...more,
})

/** The data of each event of a stream, read as JSON; without [DONE]. */
export function chunksOf(text: string): { model?: string; choices: unknown[]; usage?: unknown }[] {
  const events = text.split('\n\n').filter((event) => event !== '' && event !== 'data: [DONE]')
  return events.map((event) => JSON.parse(event.replace(/^data: /, '')))
}

/** Sends a request to its end. @returns its id, and the upstreams that were sent it */
export async function ask(
  proxy: Tollkeeper,
  key: string,
  body: object,
  upstreams: Record<string, Sandbox>,
) {
  const response = await proxy.chat(key, body)
  const text = await response.text()
  const id = response.headers.get('x-request-id') as string
  const asked = Object.keys(upstreams).filter((name) => upstreams[name]?.calls.has(id))
  return { status: response.status, id, text, asked }
}
