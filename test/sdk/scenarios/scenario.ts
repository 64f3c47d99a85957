import type { Ability, Call, Client, Observed } from '../clients/client.ts'
import type { Customer, Terms } from '../world/customers.ts'
import type { World } from '../world/world.ts'

/** Where a client talks and is answered with text, in one piece or as a stream. */
export type Surface = 'chat' | 'completions' | 'responses' | 'messages'
/** Where it is answered in one piece only. */
export type Media = 'embeddings' | 'moderations' | 'images' | 'speech' | 'transcription'

/**
 * Says what is wrong with what a user sees; nothing is wrong when it says nothing.
 * `direct` is what the same client shows for the same card without Tollkeeper.
 */
export type Expectation = (seen: Observed, call: Call, direct: Observed | null) => string[]

/** One row of the matrix. */
export type Scenario = {
  /** The heading that it stands under. */
  endpoint: Surface | Media | 'models'
  /** Unique under its heading. */
  title: string
  ability: Ability
  call: Pick<Call, 'model'> & Partial<Call>
  user: Expectation
  /** HTTP requests that the client sends, where its user allows one retry. */
  requests: (client: Client) => number
  /** What the account has paid in the end. */
  charge: 'some' | 'nothing'
  /** How the record of every request must end. */
  outcome?: string
  terms?: Terms
  /** Brings the account into the state that the scenario is about. */
  prepare?: (world: World, customer: Customer) => Promise<void>
  /** Postgres is not there, and nobody can read the books: runs after all others. */
  ledgerAway?: true
  /** False where the sandbox can not show the same by itself, or never ends. */
  direct?: false
}

/** What a scenario says besides where and how it asks. */
export type Case = Omit<Scenario, 'endpoint' | 'title' | 'ability'>

/** The call is sent once. */
export const once = (): number => 1
/** It fails in a way that passes, and is sent again. */
export const twice = (): number => 2
/** The answer says that another try can not help, to those who read it. */
export const onceIfTold = (client: Client): number => (client.readsShouldRetry ? 1 : 2)
/** The time is over, for this try or for all. */
export const untilTimeout = (client: Client): number => (client.timeoutOf === 'request' ? 2 : 1)

/** A scenario of an answer in one piece. */
export function inOnePiece(endpoint: Surface | Media, title: string, rest: Case): Scenario {
  return { endpoint, title, ability: endpoint, ...rest }
}

/** A scenario of a stream. */
export function asStream(surface: Surface, title: string, rest: Case): Scenario {
  return { endpoint: surface, title: `${title}, stream`, ability: `${surface} stream`, ...rest }
}

/** A scenario for each way of asking an endpoint. */
export function everyWay(endpoint: Surface | Media, title: string, rest: Case): Scenario[] {
  const whole = inOnePiece(endpoint, title, rest)
  return isSurface(endpoint) ? [whole, asStream(endpoint, title, rest)] : [whole]
}

/** Whether an endpoint streams text too. */
export function isSurface(endpoint: string): endpoint is Surface {
  return ['chat', 'completions', 'responses', 'messages'].includes(endpoint)
}
