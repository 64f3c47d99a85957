import { randomUUIDv7 } from 'node:crypto'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type MicroCredits, parseCredits } from './domain/credits.ts'
import { createApiKey, keyHint } from './secrets/api-key.ts'
import { createAccount } from './store/accounts.ts'
import { createKey } from './store/api-keys.ts'
import { claimOnce } from './store/settings.ts'

const CREDITS = '1000'

const NO_LIMITS = {
  expiresAt: null,
  models: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrency: null,
}

/**
 * Makes the demo account of a first start: an account with credits and a key.
 * @returns the key, which is shown once; null when there was a first start before
 */
export async function createDemoAccount(
  db: PostgresJsDatabase,
  hashKey: (key: string) => Buffer[],
): Promise<string | null> {
  if (!(await claimOnce(db, 'demo_account'))) return null
  const accountId = randomUUIDv7()
  const credits = parseCredits(CREDITS) as MicroCredits
  const demo = { name: 'demo', externalId: 'demo', tier: 'default' }
  await createAccount(db, { ...demo, id: accountId, credits })
  const key = createApiKey()
  const hash = hashKey(key)[0] as Buffer
  const named = { id: randomUUIDv7(), accountId, name: 'demo', hint: keyHint(key) }
  await createKey(db, { ...NO_LIMITS, ...named, hash })
  return key
}

/**
 * What a person needs to try it: the base URL, the key and a line to paste.
 * @param isSandbox whether the upstream is ours, so that the name of a model is known
 */
export function welcome(baseUrl: string, key: string, isSandbox: boolean): string {
  const model = isSandbox ? 'sandbox-echo' : 'A-MODEL-OF-YOUR-UPSTREAM'
  return `
  Tollkeeper is ready. A demo account with ${CREDITS} credits was made for you.

    base URL  ${baseUrl}
    API key   ${key}   (shown only now)

  Try it:

    curl -N ${baseUrl}/chat/completions \\
      -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\
      -d '{"model":"${model}","stream":true,"messages":[{"role":"user","content":"Hello there"}]}'

    curl ${baseUrl}/credits -H 'Authorization: Bearer ${key}'

`
}
