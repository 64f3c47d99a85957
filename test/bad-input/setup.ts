import { expect } from 'vitest'
import type { Customer, Proxy as Tollkeeper } from '../harness/proxy.ts'

/** A request that nothing is wrong with. */
export const GOOD = { model: 'sandbox-echo', messages: [{ role: 'user', content: 'Hello' }] }

/** POST /v1/chat/completions with these headers and this body, as they are. */
export function post(
  proxy: Tollkeeper,
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer> = JSON.stringify(GOOD),
): Promise<Response> {
  return fetch(`${proxy.url}/chat/completions`, { method: 'POST', headers, body })
}

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
export const JSON_TYPE = { 'content-type': 'application/json' }

/** Nothing of this went upstream, and nothing was taken or is held. */
export async function expectUnspent(
  proxy: Tollkeeper,
  { accountId }: Customer,
  credits = '100',
): Promise<void> {
  const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(body).toMatchObject({ posted: credits, held: '0' })
}
