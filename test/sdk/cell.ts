import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, type Client, nothingSeen, type Observed } from './clients/client.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { type Customer, newCustomer, readBooks } from './world/customers.ts'
import { openTap } from './world/tap.ts'
import type { World } from './world/world.ts'

/** One client in one scenario: what its user saw, and what is wrong with that. */
export type Cell = {
  seen: Observed
  direct: Observed | null
  /** What is wrong with what the user sees, through Tollkeeper and without it. */
  complaints: string[]
  directComplaints: string[]
  /** What is wrong with requests and books. */
  bookComplaints: string[]
}

/** Time for one call, with its retries, in ms: on a busy machine some take long, and are right. */
const CALL_MS = 60_000
/** What every client says where a scenario does not say otherwise. */
const PROMPT = 'Hello there, how is the weather in Oslo today?'

type Visit = { seen: Observed; requests: number }

/** Sends one call of one client to where it is told, and looks at it from outside. */
async function visit(client: Client, { ability }: Scenario, port: number, call: Call) {
  const tap = await openTap(port, call.apiKey)
  const seen = nothingSeen()
  const act = client.abilities[ability]?.({ ...call, baseUrl: `${tap.origin}/v1` }, seen)
  const deadline = new AbortController()
  const hung = sleep(CALL_MS, 'hung', { signal: deadline.signal }).catch(() => '')
  try {
    if ((await Promise.race([act, hung])) === 'hung') {
      const message = `no end within ${CALL_MS} ms`
      seen.failure = { kind: 'hung', name: 'none', status: null, code: null, message }
    }
  } catch (error) {
    seen.failure = client.failureOf(error)
  } finally {
    deadline.abort()
    await tap.close()
  }
  return { seen, requests: tap.requests() } satisfies Visit
}

function callOf(client: Client, { call, ability }: Scenario, apiKey: string): Call {
  const { prompt = PROMPT, asksUsage = false } = call
  const hidden = client.hides?.[ability] ?? []
  return {
    baseUrl: '',
    apiKey,
    offersTool: false,
    maxRetries: 1,
    timeoutMs: null,
    leavesAfter: null,
    ...call,
    prompt,
    told: client.dresses?.[ability]?.(prompt) ?? prompt,
    asksUsage: asksUsage && !hidden.includes('usage'),
    hidden,
  }
}

/** The account of a cell, in the state that its scenario is about. */
export async function prepareCell(world: World, { terms, prepare }: Scenario): Promise<Customer> {
  const customer = await newCustomer(world, terms)
  await prepare?.(world, customer)
  return customer
}

/** Runs one cell: through Tollkeeper with an account of its own, and directly. */
export async function runCell(
  world: World,
  client: Client,
  scenario: Scenario,
  customer: Customer,
): Promise<Cell> {
  const call = callOf(client, scenario, customer.key)
  const sandboxPort = Number(new URL(world.sandbox.url).port)
  const [through, direct] = await Promise.all([
    visit(client, scenario, world.server.port, call),
    scenario.direct === false ? null : visit(client, scenario, sandboxPort, call),
  ])
  const requests = scenario.requests(client)
  const seen = direct?.seen ?? null
  return {
    seen: through.seen,
    direct: seen,
    complaints: scenario.user(through.seen, call, seen),
    directComplaints: seen === null ? [] : scenario.user(seen, call, null),
    bookComplaints: [
      ...(through.requests === requests ? [] : [`${through.requests} requests, not ${requests}`]),
      ...(scenario.ledgerAway ? [] : await checkBooks(world, scenario, customer)),
    ],
  }
}

async function checkBooks(world: World, { charge, outcome }: Scenario, customer: Customer) {
  const { charged, outcomes, finished } = await readBooks(world, customer)
  const paid = charged > 0 ? 'some' : 'nothing'
  return [
    ...(paid === charge ? [] : [`charged ${charged} credits, not ${charge}`]),
    ...(outcome && outcomes.some((one) => one !== outcome)
      ? [`outcome is ${outcomes}, not ${outcome}`]
      : []),
    ...(outcome === 'client_gone' && finished > 0 ? ['the upstream was not stopped'] : []),
  ]
}
