import type { SandboxCall } from '../../src/sandbox/index.ts'
import { begin, send } from '../endpoints/run.ts'
import type { Sent } from '../endpoints/samples.ts'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

export type Policy = {
  on_disconnect: 'cancel' | 'finish'
  finish_max_tokens?: number
  finish_max_seconds?: number
}

/** A request whose client has left, when it was settled, and what the upstream knows of it. */
export type Left = { record: any; call: SandboxCall; charged: number }

/**
 * Makes a provider of that policy at an upstream, and a model that it serves.
 * @param upstreamModel a test card of the sandbox
 * @returns the model's public name
 */
export async function putPolicy(
  proxy: Tollkeeper,
  name: string,
  policy: Policy,
  upstreamModel = 'sandbox-echo',
  baseUrl = proxy.sandbox.url,
): Promise<string> {
  const settings = { base_url: baseUrl, api_key: null, profile: policy }
  const { status, body } = await proxy.admin('PUT', `/providers/${name}`, settings)
  if (status !== 200) throw new Error(`PUT /providers/${name}: ${JSON.stringify(body)}`)
  const routes = [{ provider: name, upstream_model: upstreamModel }]
  await proxy.admin('PUT', `/models/${name}`, { routes })
  return name
}

/** Waits until the proxy knows that a client has gone, and reads its answer on. */
export function readOn(proxy: Tollkeeper, requestId: string): Promise<unknown> {
  return eventually(() =>
    proxy.logs.find((line) => line.request_id === requestId && line.stage === 'finish'),
  )
}

/** Sends a request that the upstream does not answer, and leaves. @returns its id */
export async function leaveUnanswered(
  proxy: Tollkeeper,
  key: string,
  path: string,
  body: Sent,
): Promise<string> {
  const client = new AbortController()
  const known = new Set(proxy.sandbox.calls.keys())
  const answered = send(proxy, key, path, body, { signal: client.signal }).then(({ status }) => {
    throw new Error(`it was answered ${status}`)
  })
  const begun = eventually(() => [...proxy.sandbox.calls.keys()].find((one) => !known.has(one)))
  const id = await Promise.race([begun, answered])
  answered.catch(() => {}) // it is left now
  client.abort()
  return id
}

/** Sends a request, reads the first bytes of its answer, and leaves. @returns its id */
export async function leaveMidway(
  proxy: Tollkeeper,
  key: string,
  path: string,
  body: Sent,
  part = '',
): Promise<string> {
  const { requestId, until, leave, response } = await begin(proxy, key, path, body)
  if (response.status !== 200) throw new Error(`it was answered ${response.status}`)
  await until(part)
  leave()
  return requestId
}

/** What became of a request whose client has left. */
export async function fateOf(proxy: Tollkeeper, requestId: string): Promise<Left> {
  const record = await proxy.settled(requestId)
  const call = proxy.sandbox.calls.get(requestId)
  if (call === undefined) throw new Error(`the upstream knows nothing of ${requestId}`)
  await eventually(() => call.endedAt !== null || undefined)
  return { record, call, charged: Number(record.charged) }
}
