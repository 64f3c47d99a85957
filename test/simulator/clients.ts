import { SimRequest } from './request.ts'
import type { World } from './world.ts'

/** Requests that are served at a time, at most. */
const OPEN_MAX = 8

/** One thing that a client, its connection or its upstream does. @returns it, for the trace */
export function clientAction(world: World): string {
  const { random } = world
  const active = world.active()
  const isNew = !world.isCalm && active.length < OPEN_MAX && random.chance(active.length ? 20 : 100)
  if (isNew) return arrive(world)
  if (active.length === 0) return 'nobody does anything'
  const request = random.pick(active)
  const { door } = request.process.running ?? {}
  const ending = request.endings.shift()
  if (ending === 'response') door?.leave(request.id)
  else if (ending === 'close') void door?.hangUp(request.id)
  else return proceed(world, request)
  return `${request.id} ${ending}`
}

/** Whether anything can still happen to a request from outside. */
export function isActive(request: SimRequest): boolean {
  const { process, isConcluding, isStreaming, isRefused, isGone, endings } = request
  if (!process.isAlive || process.isPaused || isRefused) return false
  return endings.length > 0 || (!isConcluding && (isStreaming || !isGone))
}

function arrive(world: World): string {
  const { random, requests } = world
  const serving = world.slots.filter(({ process }) => process.isServing)
  if (serving.length === 0) return 'nobody takes a request'
  const { process } = random.pick(serving)
  const accountId = random.pick([...world.ledger.accounts.keys()])
  const request = new SimRequest(process, world.nextId('r'), accountId, random.chance(2))
  requests.push(request)
  const amount = BigInt(random.between(5, 60))
  process.take(request, amount, random.chance(50) ? amount : amount / 2n)
  return `${process.pid} gets ${request.id}`
}

function proceed({ random, isCalm }: World, request: SimRequest): string {
  const { id, delivered, process } = request
  const what = random.weighed([
    [isCalm ? 0 : 50, 'deliver'],
    [20, 'complete'],
    [5, 'break'],
    [12, 'leave'],
  ])
  if (what === 'leave') {
    request.isGone = true
    if (request.isStreaming) void process.running?.door.hangUp(id)
  } else if (!request.isStreaming) return `${id} waits for its hold`
  else if (what === 'deliver') request.deliver(BigInt(random.between(1, 12)))
  else if (what === 'break') request.conclude('upstream_broken', delivered)
  else request.conclude('completed', reported(random.below(10), delivered))
  return `${id} ${what}`
}

/** What the upstream reports: as estimated, a bit less or more, or much more than anybody saw. */
function reported(chance: number, delivered: bigint): bigint {
  if (chance < 6) return delivered
  if (chance < 8) return delivered > 2n ? delivered - 2n : delivered
  return delivered + (chance === 8 ? 3n : 70n)
}
