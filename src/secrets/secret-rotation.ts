import { hkdfSync } from 'node:crypto'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { allProviders, replaceProviderKey } from '../store/providers.ts'
import { keepRetiredSecret, listRetiredSecrets } from '../store/retired-secrets.ts'
import { createByteBox, createSecretBox } from './secret-box.ts'

/** What a rotation of SECRET_KEY has done. */
export type Resealed = {
  /** Provider keys that were encrypted anew, and those that already were. */
  resealed: number
  current: number
  /** Providers whose key no secret of SECRET_KEY opens. */
  unreadable: string[]
  /** Older secrets that are kept from now on, for what was hashed under them. */
  secretsKept: number
}

const boxOf = (secretKeys: string[]) => createByteBox(secretKeys, 'tollkeeper retired secret')

/**
 * Every secret under which something may be hashed, or an answer be kept: those of SECRET_KEY, and
 * those that were in it before. Newest first.
 */
export async function everySecret(
  db: PostgresJsDatabase,
  secretKeys: string[],
): Promise<{ secrets: string[]; unreadable: number }> {
  const box = boxOf(secretKeys)
  const kept = await listRetiredSecrets(db)
  const opened = kept.map(({ sealed }) => box.open(sealed)).filter((secret) => secret !== null)
  const retired = opened.map((secret) => secret.toString('utf8')).toReversed()
  return { secrets: [...secretKeys, ...retired], unreadable: kept.length - opened.length }
}

/**
 * Makes the first secret of SECRET_KEY the only one that is needed: provider keys are encrypted
 * anew under it, and the others are kept under it. Whatever is as it should be stays untouched.
 */
export async function reseal(db: PostgresJsDatabase, secretKeys: string[]): Promise<Resealed> {
  return { ...(await resealKeys(db, secretKeys)), secretsKept: await retire(db, secretKeys) }
}

/** Keeps all secrets but the first, oldest first, and those of earlier rotations. */
async function retire(db: PostgresJsDatabase, secretKeys: string[]): Promise<number> {
  const box = boxOf(secretKeys)
  const earlier = (await listRetiredSecrets(db)).map(({ sealed }) => box.open(sealed))
  const known = earlier.filter((secret) => secret !== null).map((secret) => secret.toString('utf8'))
  const retired = new Set([...known, ...secretKeys.slice(1).toReversed()])
  for (const secret of retired) {
    const sealed = box.seal(Buffer.from(secret))
    await keepRetiredSecret(db, { fingerprint: fingerprintOf(secret), sealed })
  }
  return retired.size
}

async function resealKeys(db: PostgresJsDatabase, secretKeys: string[]) {
  const box = createSecretBox(secretKeys)
  const newest = createSecretBox(secretKeys.slice(0, 1))
  const done = { resealed: 0, current: 0, unreadable: [] as string[] }
  for (const { name, apiKey } of await allProviders(db)) {
    if (apiKey === null) continue
    if (newest.canOpen(apiKey)) done.current += 1
    else if (!box.canOpen(apiKey)) done.unreadable.push(name)
    else if (await replaceProviderKey(db, name, apiKey, box.seal(box.open(apiKey)))) {
      done.resealed += 1
    }
  }
  return done
}

function fingerprintOf(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'tollkeeper retired secret fingerprint', 16))
}
