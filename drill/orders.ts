import type { Random } from './random.ts'

/** Tokens the upstream reports for a prompt it would count as 2: an estimate is never equal. */
const REPORTED_PROMPT_TOKENS = 9
const PROMPT = 'drill it'

/** The model that everybody asks. */
export const MODEL = 'sandbox-echo'

/** Characters the sandbox counts as one token. */
const CHARACTERS_PER_TOKEN = 4

/** What the requests of a drill are like. */
export type Mix = {
  /** Seconds the answer of a stream takes, from the least to the most. */
  seconds: readonly [number, number]
  tokensPerSecond: number
  chunksPerSecond: number
  /** The share of streams whose client hangs up before the end. */
  leaving: number
  /** The share of requests of accounts with few credits. */
  poor: number
}

/**
 * Slow enough for hundreds at a time on two cores. Fast enough to tell a checkpoint that was left
 * out: four seconds of it are more than the 256 tokens a crash may miss.
 */
export const CALM: Mix = {
  seconds: [1, 14],
  tokensPerSecond: 80,
  chunksPerSecond: 2,
  leaving: 0.05,
  poor: 0.03,
}

/** Seconds a whole answer takes. */
const WHOLE_SECONDS = [0.1, 1.5] as const

/** One request, and what its answer will be. */
export type Order = {
  /** Sent as `user`, by which the sandbox's ledger knows it again. */
  mark: string
  stream: boolean
  /** The client asks for the usage of its stream. */
  asksUsage: boolean
  /** Tokens of the whole answer. */
  tokens: number
  tokensPerSecond: number
  chunksPerSecond: number
  /** Tokens after which the client hangs up; null stays to the end. */
  leavesAt: number | null
}

let made = 0

export function streamOrder(mix: Mix, random: Random): Order {
  const tokens = Math.ceil(random.between(...mix.seconds) * mix.tokensPerSecond)
  const leaves = random.share() < mix.leaving
  return {
    ...paceOf(mix),
    mark: nextMark(),
    stream: true,
    asksUsage: random.share() < 0.5,
    tokens,
    leavesAt: leaves ? random.whole(0, tokens - 1) : null,
  }
}

export function wholeOrder(mix: Mix, random: Random): Order {
  const tokens = Math.ceil(random.between(...WHOLE_SECONDS) * mix.tokensPerSecond)
  return {
    ...paceOf(mix),
    mark: nextMark(),
    stream: false,
    asksUsage: false,
    tokens,
    leavesAt: null,
  }
}

/** A small answer at once. */
export function smallOrder(tokens: number): Order {
  const pace = { tokensPerSecond: 1_000_000, chunksPerSecond: 1_000 }
  return { ...pace, mark: nextMark(), stream: false, asksUsage: false, tokens, leavesAt: null }
}

/** The request's body. */
export function bodyOf(order: Order): string {
  const { stream, tokens, tokensPerSecond, chunksPerSecond } = order
  return JSON.stringify({
    model: MODEL,
    user: order.mark,
    messages: [{ role: 'user', content: PROMPT }],
    ...(stream ? { stream } : { max_tokens: tokens }),
    ...(order.asksUsage && { stream_options: { include_usage: true } }),
    sandbox: {
      reply_chars: tokens * CHARACTERS_PER_TOKEN,
      chunk_chars: Math.ceil((tokensPerSecond / chunksPerSecond) * CHARACTERS_PER_TOKEN),
      delay_ms: Math.floor(1_000 / chunksPerSecond),
      prompt_tokens: REPORTED_PROMPT_TOKENS,
    },
  })
}

/** What the upstream reports for an answer of so many tokens: what that costs. */
export function reportedTokens(answerTokens: number): number {
  return REPORTED_PROMPT_TOKENS + answerTokens
}

/** What the upstream counts for a prompt, of which it reports something else. */
export function countedPromptTokens(): number {
  return tokensOf(PROMPT.length)
}

/** Tokens that many characters are worth. */
export function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN)
}

function paceOf({ tokensPerSecond, chunksPerSecond }: Mix) {
  return { tokensPerSecond, chunksPerSecond }
}

function nextMark(): string {
  made += 1
  return `order-${made}`
}
