import { randomUUIDv7 } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { createApiKey, keyHint } from './api-key.ts'
import { parseCredits } from './domain/credits.ts'
import { accounts, apiKeys, settings } from './store/schema.ts'

const CREDITS = '1000'

/**
 * Makes the demo account of a first start: an account with credits and a key.
 * @returns the key, which is shown once; null when there was a first start before
 */
export async function createDemoAccount(
  db: PostgresJsDatabase,
  hashKey: (key: string) => Buffer[],
): Promise<string | null> {
  const [first] = await db
    .insert(settings)
    .values({ name: 'demo_account', value: new Date().toISOString() })
    .onConflictDoNothing()
    .returning()
  if (first === undefined) return null
  const id = randomUUIDv7()
  await db.insert(accounts).values({ id, name: 'demo', externalId: 'demo' })
  await db.execute(sql`select grant_v1(${id}::uuid, 'demo', ${parseCredits(CREDITS)}::bigint)`)
  const key = createApiKey()
  const hash = hashKey(key)[0] as Buffer
  await db
    .insert(apiKeys)
    .values({ id: randomUUIDv7(), accountId: id, name: 'demo', hash, hint: keyHint(key) })
  return key
}

/** What a person needs to try it: the base URL, the key and a line to paste. */
export function welcome(baseUrl: string, key: string): string {
  return `
  Tollkeeper is ready. A demo account with ${CREDITS} credits was made for you.

    base URL  ${baseUrl}
    API key   ${key}   (shown only now)

  Try it:

    curl -N ${baseUrl}/chat/completions \\
      -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\
      -d '{"model":"sandbox-echo","stream":true,"messages":[{"role":"user","content":"Hello there"}]}'

    curl ${baseUrl}/credits -H 'Authorization: Bearer ${key}'

`
}
