/** By which upstreams say that our account there has no money, or none for this. */
const UNPAID = new Set([
  'insufficient_quota',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'project_spend_limit_exceeded',
  'billing_error',
  'billing_hard_limit_reached',
  'billing_not_active',
  'budget_exceeded', // LiteLLM
  'exceeded_current_quota_error', // Moonshot
  'Arrearage', // Alibaba
])

/** By which they say that our key is refused there, whatever the status. */
const REFUSED = new Set(['invalid_api_key', 'authentication_error', 'permission_error'])

/**
 * The same in words, of upstreams whose status and code are those of any bad request: Anthropic,
 * Z.ai, Fireworks and xAI. What a client wrote may be quoted further on in a message.
 */
const UNPAID_WORDS = [
  /your credit balance is too low/i,
  /^insufficient balance/i,
  /^account \S{1,100} is suspended/i,
  /^your team \S{0,100} ?has either used all available credits/i,
]

/** Of xAI and Google. */
const REFUSED_WORDS = [
  /^incorrect api key provided/i,
  /^api key (?:not valid|not found|expired)/i,
  /^missing or invalid authorization header/i,
]

/**
 * Whether an error is about our key or our account at the upstream: nothing that a client did, and
 * nothing that it can mend (W-38).
 * @param names its code and type
 */
export function isOurAccount(names: readonly unknown[], message: string): boolean {
  if (names.some((name) => UNPAID.has(name as string) || REFUSED.has(name as string))) return true
  return UNPAID_WORDS.some((words) => words.test(message)) || isKeyRefused(message)
}

/** Whether the message of an error says that the upstream refuses our key. */
export function isKeyRefused(message: string): boolean {
  return REFUSED_WORDS.some((words) => words.test(message))
}
