import type { Account } from '../accounts.ts'
import type { Seen } from '../client.ts'
import type { Fault } from '../fault.ts'
import { CALM, type Mix, streamOrder, wholeOrder } from '../orders.ts'
import type { Stage } from '../stage.ts'
import type { Upstream } from '../upstream.ts'
import { meets, type Window } from '../windows.ts'

/** Requests of one run, half of them streams. */
const REQUESTS = 10_000

/** Accounts with credits for all of them. */
const ACCOUNTS = 20

/** Milliseconds of each trouble, and between two of them. */
const DEAD_MS = 12_000
const HUNG_MS = 25_000
const REFUSING_MS = 12_000
const BOTH_MS = 20_000
const CALM_MS = 12_000

/** Milliseconds within which a route that has returned is in use again. */
const BACK_MS = 10_000

/** How much longer than usual the slowest of 100 streams may wait beside a route that hangs. */
const SLOWER = 3
const SLOWER_MIN_MS = 300

const MIX: Mix = { ...CALM, seconds: [0.2, 1.5], chunksPerSecond: 8, leaving: 0, poor: 0 }

/** Three upstreams behind one model fail in turns, and never all at once. */
export const upstreams: Fault = {
  name: 'upstreams',
  says: 'one of three upstreams dies, hangs, refuses; then two at once: nobody notices',
  takes: '10,000 requests in 3 min a run',
  size: { runs: 1, streams: 80, instances: 1 },
  upstreams: [
    { name: 'north', usdPerMillion: 10 },
    { name: 'east', usdPerMillion: 20 },
    { name: 'south', usdPerMillion: 40 },
  ],
  env: { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' },
  nobodyDies: true,

  async play(stage) {
    const accounts = await stage.admin.openAccounts(ACCOUNTS)
    for (let run = 0; run < stage.size.runs; run++) {
      const before = stage.load.seen.length
      let isTroubled = true
      const sent = () => stage.load.seen.length - before
      const goesOn = () => isTroubled || sent() < REQUESTS
      const users = Array.from({ length: stage.size.streams }, () => use(stage, accounts, goesOn))
      await trouble(stage)
      isTroubled = false
      await Promise.all(users)
      stage.played()
    }
    await stage.settled()
    await examine(stage)
  },
}

/** One user: streams and answers in one piece, one after the other. */
async function use(stage: Stage, accounts: Account[], goesOn: () => boolean): Promise<void> {
  const { random, load } = stage
  while (goesOn()) {
    const order = random.share() < 0.5 ? streamOrder(MIX, random) : wholeOrder(MIX, random)
    const asked = { ...order, asksUsage: order.stream } // what it cost is known to its client
    await load.send(stage.turn(load.seen.length), random.one(accounts), asked)
  }
}

async function trouble(stage: Stage): Promise<void> {
  const [first, second, third] = stage.scene.upstreams as [Upstream, Upstream, Upstream]
  await stage.rest(CALM_MS)
  await first.kill()
  await stage.rest(DEAD_MS)
  await first.comeBack()
  await stage.rest(CALM_MS)
  second.freeze()
  await stage.rest(HUNG_MS)
  second.thaw()
  await stage.rest(CALM_MS)
  await third.refuse()
  await stage.rest(REFUSING_MS)
  await third.serve()
  await stage.rest(CALM_MS)
  second.freeze()
  await first.kill()
  await stage.rest(BOTH_MS)
  await first.comeBack()
  second.thaw()
  await stage.rest(CALM_MS)
}

/** What the books say of a request's way. */
type Way = { id: string; provider: string; attempts: number }

async function examine(stage: Stage): Promise<void> {
  const rows = await stage.scene.sql<Way[]>`
    select id, provider, jsonb_array_length(attempts) as attempts from requests`
  const ways = new Map(rows.map((row) => [row.id, row]))
  const { upstreams } = stage.scene
  const others = rows.filter(({ attempts }) => attempts > 1).length
  stage.note(`${others} of ${rows.length} requests took more than one attempt`)
  tellWaits(
    stage,
    ways,
    upstreams.flatMap(({ stoodStill }) => stoodStill),
  )
  for (const upstream of upstreams) tellReturns(stage, ways, upstream)
}

/** Whether requests on healthy routes waited behind those on a route that hung. */
function tellWaits(stage: Stage, ways: Map<string, Way>, hung: Window[]): void {
  const healthy = stage.load.seen.filter(
    ({ id, order, ending }) =>
      order.stream && ending === 'complete' && ways.get(id ?? '')?.attempts === 1,
  )
  const troubles = stage.scene.upstreams.flatMap((upstream) => upstream.trouble)
  const during = (windows: Window[]) =>
    healthy.filter(({ sentAt }) => meets(windows, sentAt, sentAt, 0)).map(waitOf)
  const calm = healthy.filter(({ sentAt }) => !meets(troubles, sentAt, sentAt, 0)).map(waitOf)
  const beside = slowestOf100(during(hung))
  const usual = slowestOf100(calm)
  stage.note(`99 of 100 streams began within ${usual} ms, beside a route that hung ${beside} ms`)
  if (beside > Math.max(SLOWER_MIN_MS, usual * SLOWER)) {
    stage.broke(`streams on healthy routes waited ${beside} ms for their first byte`)
  }
}

function waitOf({ sentAt, headAt }: Seen): number {
  return (headAt ?? sentAt) - sentAt
}

function slowestOf100(waits: number[]): number {
  return waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? 0
}

/** How long after each of its returns an upstream answered a request that came after that. */
function tellReturns(stage: Stage, ways: Map<string, Way>, upstream: Upstream): void {
  const served = stage.load.seen.filter(
    ({ id, ending }) => ending === 'complete' && ways.get(id ?? '')?.provider === upstream.name,
  )
  for (const { to } of upstream.trouble) {
    const since = to ?? Date.now()
    const waits = served.filter(({ sentAt }) => sentAt >= since).map(({ sentAt }) => sentAt - since)
    const back = Math.min(...waits)
    stage.note(`${upstream.name} was in use again ${back} ms after its return`)
    if (back > BACK_MS) stage.broke(`${upstream.name} was not in use within ${BACK_MS} ms`)
  }
}
