/** What every client of the matrix is made of. */

/** What a client can do, by the endpoint that it does it with. */
export type Ability =
  | `${'chat' | 'completions' | 'responses' | 'messages'}${'' | ' stream'}`
  | 'models'
  | 'embeddings'
  | 'moderations'
  | 'images'
  | 'speech'
  | 'transcription'

/** What a user asks of a client. */
export type Call = {
  /** Ends in /v1. */
  baseUrl: string
  apiKey: string
  model: string
  prompt: string
  /** The prompt as the upstream is told it. */
  told: string
  /** What the client does not show. */
  hidden: Hidden[]
  /** Asks for the usage of a stream, where the client lets its user choose. */
  asksUsage: boolean
  /** Offers the tool `look_up_city`. */
  offersTool: boolean
  maxRetries: number
  /** The client's own timeout, where it is not left as it is. */
  timeoutMs: number | null
  /** Leaves a stream after so many pieces of text, as users of this client do. */
  leavesAfter: number | null
}

type Hidden = 'usage' | 'finish'

export type Tool = { name: string; arguments: string }

/** What the user of a client has in hand when a call is over. */
export type Observed = {
  text: string
  finish: string | null
  usage: { input: number; output: number } | null
  tools: Tool[]
  /** What is not text: a list of ids, vectors, a number of bytes. */
  data: unknown
  failure: Failure | null
}

/**
 * How a call failed. `status`: the client's own class for that HTTP status; `stream`: its own error
 * for a stream that broke; `foreign`: anything that no user of this client would know to catch;
 * `hung`: no end within the time of a cell.
 */
export type Failure = {
  kind: 'status' | 'stream' | 'connection' | 'timeout' | 'abort' | 'foreign' | 'hung'
  name: string
  status: number | null
  code: string | null
  message: string
}

/** Does one call and notes what the user sees as it comes; throws what the client throws. */
export type Act = (call: Call, seen: Observed) => Promise<void>

/** What a client can do, and how its user reads its errors. */
export type Client = {
  abilities: Partial<Record<Ability, Act>>
  failureOf(error: unknown): Failure
  /** Does not retry where `x-should-retry: false` says so (W-30). */
  readsShouldRetry: boolean
  /** What its timeout is for: each request, after which it tries again, or all of them. */
  timeoutOf: 'request' | 'call'
  /** What it does not show its user. */
  hides?: Partial<Record<Ability, Hidden[]>>
  /** What it makes of a prompt before it sends it. */
  dresses?: Partial<Record<Ability, (prompt: string) => string>>
}

/** Makes a client ready; rejects with the reason where it can not be had. */
export type StartClient = () => Client | Promise<Client>

/** Nothing seen yet. */
export function nothingSeen(): Observed {
  return { text: '', finish: null, usage: null, tools: [], data: null, failure: null }
}

/** The parameters of the tool that calls offer. */
export const CITY_PARAMETERS = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
}
export const CITY_TOOL = {
  name: 'look_up_city',
  description: 'Looks up a city.',
  parameters: CITY_PARAMETERS,
}

/** A failure of a class that users of the client would not know to catch. */
export function foreign(error: unknown): Failure {
  const { name, message } = error instanceof Error ? error : { name: 'no Error', message: error }
  return { kind: 'foreign', name, status: null, code: null, message: String(message) }
}
