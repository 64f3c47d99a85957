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

/** When a client hangs up: none of it depends on how fast the machine is. */
export type Moment =
  | { kind: 'at once'; ms: number }
  /** Its request waits at the upstream, which answers nobody yet. */
  | { kind: 'unanswered' }
  /** So long after the upstream began to answer. */
  | { kind: 'answered'; ms: number }
  /** So many events came, and then so long. */
  | { kind: 'events'; count: number; ms: number }

export type Visit = { body: object; moment: Moment }

/** What a wave of clients goes through together. */
type Wave = { arrived: Promise<void>; released: Promise<void> }

/** Sends all requests, at most 100 at a time, and hangs up on each at its moment. */
export async function visitAll(proxy: Tollkeeper, key: string, visits: Visit[]): Promise<Client[]> {
  const clients: Client[] = []
  for (let first = 0; first < visits.length; first += AT_ONCE) {
    clients.push(...(await visitTogether(proxy, key, first, visits.slice(first, first + AT_ONCE))))
  }
  return clients
}

async function visitTogether(
  proxy: Tollkeeper,
  key: string,
  first: number,
  visits: Visit[],
): Promise<Client[]> {
  const { sandbox } = proxy
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const wave = { arrived: arrived.promise, released: released.promise }
  sandbox.hold()
  const named = visits.map((visit, at) => ({ visit, name: `client-${first + at}` }))
  const coming = named.map(({ visit, name }) => comeAndGo(proxy, key, name, visit, wave))
  const staying = named.filter(({ visit }) => visit.moment.kind !== 'at once')
  await eventually(() => {
    const there = new Set([...sandbox.calls.values()].map(userOf))
    return staying.every(({ name }) => there.has(name))
  })
  arrived.resolve()
  await Promise.all(coming.filter((_, at) => visits[at]?.moment.kind === 'unanswered'))
  sandbox.release()
  released.resolve()
  return Promise.all(coming)
}

const userOf = ({ body }: SandboxCall): string => JSON.parse(body).user

function comeAndGo(
  proxy: Tollkeeper,
  key: string,
  name: string,
  { body, moment }: Visit,
  wave: Wave,
): Promise<Client> {
  const { promise, resolve } = Promise.withResolvers<Client>()
  const client: Client = { name, leftAt: null }
  let isOver = false
  const call = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const leave = () => {
    if (isOver) return
    client.leftAt ??= performance.now()
    call.destroy()
  }
  if (moment.kind === 'at once') setTimeout(leave, moment.ms)
  if (moment.kind === 'unanswered') void wave.arrived.then(leave)
  if (moment.kind === 'answered') void wave.released.then(() => setTimeout(leave, moment.ms))
  let events = 0
  call.on('response', (response) => {
    response.on('data', (bytes: Buffer) => {
      const before = events
      events += bytes.toString('latin1').split('\n\n').length - 1
      if (moment.kind !== 'events' || before >= moment.count || events < moment.count) return
      if (moment.ms > 0) setTimeout(leave, moment.ms)
      else leave()
    })
    response.on('error', () => {})
  })
  call.on('close', () => {
    isOver = true
    resolve(client)
  })
  call.on('error', () => {}) // its own hang-up
  call.end(JSON.stringify({ ...body, user: name }))
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
    const client = byName.get(userOf(call))
    if (!record || !client) throw new Error(`the upstream call ${id} has no record`)
    return { call, client, charged: BigInt(record.charged), outcome: record.outcome }
  })
}

/** Milliseconds between two ticks, and the gap from which on this process has stood still. */
const TICK_MS = 10
const STOOD_STILL_MS = 50

/** Measures how long upstream calls outlive their clients, in time in which this process ran. */
export class AbortWatch {
  readonly #gaps: { from: number; to: number }[] = []
  readonly #timer: NodeJS.Timeout
  #tickedAt = performance.now()

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  #tick(): void {
    const [from, to] = [this.#tickedAt, performance.now()]
    if (to - from > STOOD_STILL_MS) this.#gaps.push({ from, to })
    this.#tickedAt = to
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Milliseconds from the hang-up to the end of the upstream call; 0 where it had ended before. */
  abortMs({ call, client }: Truth): number {
    const { leftAt } = client
    const { endedAt } = call
    if (leftAt === null || endedAt === null) return 0
    const lost = this.#gaps.reduce(
      (sum, { from, to }) => sum + Math.max(0, Math.min(to, endedAt) - Math.max(from, leftAt)),
      0,
    )
    return Math.max(0, endedAt - leftAt - lost)
  }
}
