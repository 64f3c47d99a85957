import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  type ProxyOptions,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { LOOPBACK, putModel, putProvider, say } from './setup.ts'

/** A proxy in front of two upstreams, and models that are at both. */
export type Several = {
  proxy: Tollkeeper
  customer: Customer
  acme: Sandbox
  beta: Sandbox
  /** Makes a model that is at acme first, then at beta. @returns its name */
  model(atAcme: string, atBeta?: string): Promise<string>
  send(model: string, more?: object, init?: RequestInit): Promise<Sent>
  close(): Promise<void>
}

type Sent = { status: number; id: string; text: string; headers: Headers }

let models = 0

/** @param routingClock another clock for circuits and retries */
export async function startSeveral(
  env: Record<string, string> = {},
  routingClock?: ProxyOptions['routingClock'],
): Promise<Several> {
  const [acme, beta] = await Promise.all([startSandbox(), startSandbox()])
  const proxy = await startProxy({
    env: { ...LOOPBACK, ...env },
    ...(routingClock && { routingClock }),
  })
  const customer = await proxy.customer('1000000')
  await putProvider(proxy, 'acme', acme)
  await putProvider(proxy, 'beta', beta)
  return {
    proxy,
    customer,
    acme,
    beta,
    async model(atAcme, atBeta = `echo-${++models}`) {
      const name = `model-${++models}`
      await putModel(proxy, name, [
        { provider: 'acme', upstream_model: atAcme, priority: 0 },
        { provider: 'beta', upstream_model: atBeta, priority: 1 },
      ])
      return name
    },
    async send(model, more = {}, init = {}) {
      const response = await proxy.chat(customer.key, say(model, more), init)
      const { status, headers } = response
      const text = await response.text()
      return { status, id: headers.get('x-request-id') as string, text, headers }
    },
    async close() {
      await proxy.close()
      await Promise.all([acme.close(), beta.close()])
    },
  }
}

/** What a record tells of each attempt: by whom, and what came of it. */
export function attemptsOf(record: {
  attempts: { provider: string; status: number | null; error_code: string | null }[]
}) {
  return record.attempts.map(({ provider, status, error_code }) => [provider, status, error_code])
}
