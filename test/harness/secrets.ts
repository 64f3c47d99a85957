/** What the tests' apps run with, and what must never stand in a log line. */
export const SECRET_KEY = 'canary-secret-key-0123456789'
export const ADMIN_TOKEN = 'canary-admin-token-0123456789'
export const UPSTREAM_KEY = 'canary-upstream-key-0123456789'

/** A test that wants to know whether prompts or answers reach the log puts this into them. */
export const PROMPT_CANARY = 'canary-prompt'

/** API keys by their shape, and everything that has `canary-` in it. */
export const SECRETS = [/tk_[0-9A-Za-z]{38}/, /canary-/]
