import { request } from 'node:http'
import type { SandboxCall } from '../../src/sandbox/index.ts'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** Clients that are connected at one time. */
const AT_ONCE = 100

export type Client = {
  /** The `user` field of its request, by which its upstream call is found. */
  name: string
  /** `performance.now()` at which it hung up; null when the answer was complete before. */
  leftAt: number | null
}

/** A request that is hung up on so long after it was sent, or as soon as so many events came. */
export type Visit = { body: object; afterMs?: number; afterEvents?: number }

/** Sends all requests, at most 100 at a time, and hangs up on each at its moment. */
export async function visitAll(proxy: Tollkeeper, key: string, visits: Visit[]): Promise<Client[]> {
  const clients: Client[] = []
  const queue = visits.entries()
  const work = async () => {
    for (const [index, visit] of queue) clients.push(await comeAndGo(proxy, key, index, visit))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return clients
}

function comeAndGo(proxy: Tollkeeper, key: string, index: number, visit: Visit): Promise<Client> {
  const { promise, resolve } = Promise.withResolvers<Client>()
  const client: Client = { name: `client-${index}`, leftAt: null }
  const call = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const { afterMs = 60_000, afterEvents = Number.POSITIVE_INFINITY } = visit
  const leave = () => {
    client.leftAt ??= performance.now()
    call.destroy()
  }
  const timer = setTimeout(leave, afterMs)
  let events = 0
  call.on('response', (response) => {
    response.on('data', (bytes: Buffer) => {
      events += bytes.toString('latin1').split('\n\n').length - 1
      if (events >= afterEvents) leave()
    })
    response.on('error', () => {})
  })
  call.on('close', () => {
    clearTimeout(timer)
    resolve(client)
  })
  call.on('error', () => {}) // its own hang-up
  call.end(JSON.stringify({ ...visit.body, user: client.name }))
  return promise
}

export type Truth = { call: SandboxCall; charged: bigint; outcome: string; client: Client }

/** Waits until all is over, then puts each upstream call beside its record and its client. */
export async function truthOf(proxy: Tollkeeper, clients: Client[]): Promise<Truth[]> {
  await eventually(async () => {
    const [row] = await proxy.sql<{ open: number }[]>`select count(*)::int as open from holds`
    return (row?.open === 0 && proxy.sandbox.open() === 0) || undefined
  })
  const rows = await proxy.sql<{ id: string; charged: string; outcome: string }[]>`
    select id, charged, outcome from requests`
  const records = new Map(rows.map((row) => [row.id, row]))
  const byName = new Map(clients.map((client) => [client.name, client]))
  return [...proxy.sandbox.calls].map(([id, call]) => {
    const record = records.get(id)
    const client = byName.get(JSON.parse(call.body).user)
    if (!record || !client) throw new Error(`the upstream call ${id} has no record`)
    return { call, client, charged: BigInt(record.charged), outcome: record.outcome }
  })
}

/** Milliseconds from the hang-up to the end of the upstream call; 0 where it had ended before. */
export function abortMs({ call, client }: Truth): number {
  if (client.leftAt === null || call.endedAt === null) return 0
  return Math.max(0, call.endedAt - client.leftAt)
}
