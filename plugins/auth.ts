import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { KeyLimits } from '../src/domain/tier.ts'
import { ProxyError } from '../src/errors.ts'
import { Patience } from '../src/request/patience.ts'
import { requestSlot } from '../src/request/request-slot.ts'
import { isApiKey } from '../src/secrets/api-key.ts'
import type { KeyRecord } from '../src/store/lanes/find-key.ts'

type AuthOptions = { hashKey(key: string): Buffer[] }

/** Milliseconds a looked-up key is believed; a revocation is heard of sooner. */
const KEY_MAX_AGE_MS = 1_000

/** Keys remembered at a time; beyond that all are looked up again. */
const KEYS_MAX = 10_000

type Known = { record: Promise<KeyRecord | null>; until: number }

/** Who is asking: finds the account of the API key before the body is read. */
async function auth(app: FastifyInstance, { hashKey }: AuthOptions): Promise<void> {
  const setAccount = requestSlot(app, 'account')
  const known = new Map<string, Known>()
  app.database.onChange((table) => {
    if (['api_keys', 'accounts', '*'].includes(table)) known.clear()
  })

  async function find(hashes: string[], withinMs: number): Promise<KeyRecord | null> {
    const { keys } = app.database
    const records = await Promise.all(hashes.map((hash) => keys.submit(hash, withinMs)))
    return records.find((record) => record !== null) ?? null
  }

  function lookUp(key: string, withinMs: number): Promise<KeyRecord | null> {
    const hashes = hashKey(key).map((hash) => hash.toString('hex'))
    const name = hashes[0] as string
    const cached = known.get(name)
    if (cached && cached.until > performance.now()) return cached.record
    if (known.size >= KEYS_MAX) known.clear()
    const record = find(hashes, withinMs)
    known.set(name, { record, until: performance.now() + KEY_MAX_AGE_MS })
    record.then(
      (found) => found === null && known.delete(name),
      () => known.delete(name),
    )
    return record
  }

  app.decorateRequest('patience')
  app.decorate('authenticate', async (request) => {
    const key = keyOf(request)
    if (!isApiKey(key)) throw new ProxyError('invalid_api_key')
    const patience = new Patience()
    request.patience = patience
    const record = await patience.spend((withinMs) => lookUp(key, withinMs))
    if (record === null) throw new ProxyError('invalid_api_key')
    setAccount(request, {
      id: record.accountId,
      tier: record.tier,
      keyId: record.id,
      keyModels: record.models,
      keyLimits: record.limits,
    })
    refuseUnlessUsable(record) // the account is known by now, so that the refusal is on record
    request.timeline.enter('body')
  })
}

function refuseUnlessUsable({ revokedAt, expiresAt, accountStatus }: KeyRecord): void {
  if (revokedAt !== null) {
    const cause = new Error(`the key was revoked at ${revokedAt.toISOString()}`)
    throw new ProxyError('invalid_api_key', { cause })
  }
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
    const cause = new Error(`the key expired at ${expiresAt.toISOString()}`)
    throw new ProxyError('invalid_api_key', { message: 'This API key has expired.', cause })
  }
  if (accountStatus !== 'active') throw inactive(accountStatus)
}

function inactive(status: KeyRecord['accountStatus']): ProxyError {
  return new ProxyError(status === 'frozen' ? 'account_frozen' : 'account_suspended')
}

/**
 * The key of a request; SDKs send it in one of three headers (W-117). Of a header that is there
 * twice each counts: a server in front may have read the other one.
 */
function keyOf({ raw }: FastifyRequest): string {
  const {
    authorization = [],
    'api-key': azure = [],
    'x-api-key': anthropic = [],
  } = raw.headersDistinct
  const bearers = authorization.map((value) => value.match(/^\s*bearer\s+(\S+)\s*$/i)?.[1] ?? '')
  const keys = new Set([...bearers, ...azure, ...anthropic].filter((key) => key !== ''))
  const [key, ...others] = keys
  if (key === undefined) throw new ProxyError('missing_api_key')
  if (others.length > 0) {
    const message = 'The request has two different API keys.'
    throw new ProxyError('invalid_api_key', { message })
  }
  return key
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Hook (onRequest). @throws ProxyError missing_api_key, invalid_api_key, account_suspended,
     * account_frozen
     */
    authenticate: onRequestAsyncHookHandler
  }
  interface FastifyRequest {
    /** How long it still waits for the ledger. */
    patience: Patience
    readonly account: {
      id: string
      tier: string
      keyId: string
      /** Models the key is limited to; null is no limit. */
      keyModels: string[] | null
      keyLimits: KeyLimits
    }
  }
}

export default fp(auth, { name: 'auth', dependencies: ['database'] })
