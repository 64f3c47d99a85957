import type { Call, Output } from '../command.ts'
import { CliError } from '../failure.ts'
import { moment } from '../table.ts'
import { type Key, keysOf, type NewKey, newKeyText } from './key-body.ts'

/** What a new key takes over from the one it replaces. */
const INHERITED = [
  'name',
  'models',
  'requests_per_minute',
  'tokens_per_minute',
  'concurrency',
  'spend_limit',
  'spend_period',
  'expires_at',
] as const

/**
 * Makes the new key first, so that a failure in between leaves two keys that work and not none.
 * The new key is told whatever becomes of the old one: nothing shows it a second time.
 */
export async function rotate(call: Call): Promise<Output> {
  const { client, fields, arg } = call
  const path = `/keys/${encodeURIComponent(arg('key'))}`
  const old = await client.get<Key>(path)
  refuseEnded(old, call)
  const settings = Object.fromEntries(INHERITED.map((name) => [name, old[name]]))
  if ('expires_at' in fields) settings.expires_at = fields.expires_at as string | null
  const { body: made } = await client.post<NewKey>(keysOf(old.account_id), settings)
  try {
    const ended = await end(call, path, old)
    return {
      json: { created: made, revoked: ended },
      text: `${newKeyText(made)}\n${effect(ended)}`,
    }
  } catch (error) {
    const failure = new CliError(
      `The new key was made, but the old one still works: ${(error as Error).message} ` +
        `Run "${call.program} key revoke ${old.id}".`,
    )
    return { json: { created: made, revoked: null }, text: newKeyText(made), failure }
  }
}

/** Revokes the old key, or lets it expire when the grace is over, and not later than it would. */
function end({ client, fields, now }: Call, path: string, old: Key): Promise<Key> {
  const grace = fields.grace as number | undefined
  if (grace === undefined) return client.delete<Key>(path)
  const over = new Date(now.getTime() + grace).toISOString()
  const expiresAt = old.expires_at !== null && old.expires_at < over ? old.expires_at : over
  return client.patch<Key>(path, { expires_at: expiresAt })
}

function refuseEnded(old: Key, { fields, now, program }: Call): void {
  if (old.revoked_at !== null) {
    throw new CliError(
      `${old.id} was revoked before: make a new key with "${program} key create ${old.account_id}".`,
    )
  }
  const expired = old.expires_at !== null && old.expires_at <= now.toISOString()
  if (expired && !('expires_at' in fields)) {
    throw new CliError(`${old.id} has expired: say with --expires how long the new key works.`)
  }
}

function effect(old: Key): string {
  if (old.revoked_at !== null) return `The old key ${old.id} (${old.hint}) is revoked.`
  return `The old key ${old.id} (${old.hint}) works until ${moment(old.expires_at as string)}.`
}
