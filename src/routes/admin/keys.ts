import { randomUUIDv7 } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { SPEND_PERIODS, type SpendLimit } from '../../domain/tier.ts'
import { createApiKey, keyHint } from '../../secrets/api-key.ts'
import { findAccount } from '../../store/accounts.ts'
import {
  type ApiKey,
  type ApiKeyChange,
  createKey,
  findApiKey,
  listKeys,
  revokeKey,
  updateKey,
} from '../../store/api-keys.ts'
import { AccountId, answer, Credits, KeyId, Limit, listOf, Time } from '../answers.ts'
import {
  ModelNames,
  nullable,
  oneOf,
  pathId,
  RequestsPerMinute,
  strictObject,
  Text,
  TokenCount,
  TokensPerMinute,
  unread,
} from './fields.ts'
import { formatId, readPathId } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readCredits, readTime } from './values.ts'

const Period = oneOf(SPEND_PERIODS)

const FIELDS = {
  name: Type.Optional(nullable(Text)),
  expires_at: Type.Optional(nullable(Type.String({ format: 'date-time' }))),
  models: Type.Optional(nullable(ModelNames)),
  requests_per_minute: Type.Optional(nullable(RequestsPerMinute)),
  tokens_per_minute: Type.Optional(nullable(TokensPerMinute)),
  concurrency: Type.Optional(nullable(TokenCount)),
  spend_limit: Type.Optional(nullable(unread('Credits a period: a decimal string.'))),
  spend_period: Type.Optional(nullable(Period)),
}
const NewKey = strictObject(FIELDS)
const Change = Type.Object(FIELDS, { additionalProperties: false, minProperties: 1 })

const SHOWN = {
  id: KeyId,
  account_id: AccountId,
  name: nullable(Type.String()),
  hint: Type.String({ description: 'The beginning and the end of the key.' }),
  expires_at: nullable(Time),
  revoked_at: nullable(Time),
  models: nullable(Type.Array(Type.String())),
  requests_per_minute: Limit,
  tokens_per_minute: Limit,
  concurrency: Limit,
  spend_limit: nullable(Credits),
  spend_period: nullable(Period),
  spent: nullable(
    Type.String({ description: 'Credits in the running period, where spend_limit is set.' }),
  ),
  created_at: Time,
}
const KeyBody = answer('Key', 'An API key; the key itself is shown once, when it is made.', SHOWN)
const NewKeyBody = answer('NewKey', 'A new API key, and the only answer with the key itself.', {
  ...SHOWN,
  key: Type.String({ description: '`tk_` and 38 letters and digits.' }),
})

const createSchema = {
  summary: 'Make an API key',
  params: pathId('acc_'),
  body: NewKey,
  answers: { 201: NewKeyBody },
}
const listSchema = {
  summary: 'List the keys of an account, newest first',
  params: pathId('acc_'),
  querystring: strictObject(PageFields),
  answers: { 200: listOf(KeyBody) },
}
const getSchema = {
  summary: 'Read a key, also a revoked one',
  params: pathId('key_'),
  answers: { 200: KeyBody },
}
const changeSchema = {
  summary: 'Change the limits, name or expiry of a key',
  params: pathId('key_'),
  body: Change,
  answers: { 200: KeyBody },
}
const revokeSchema = { ...getSchema, summary: 'Revoke a key for good' }

type StoredSpend = Pick<ApiKey, 'spendLimit' | 'spendPeriod'>

const NO_SPEND: StoredSpend = { spendLimit: null, spendPeriod: null }
const NO_SETTINGS = {
  name: null,
  models: null,
  expiresAt: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrency: null,
}

/** `/admin/accounts/:id/keys` and `/admin/keys/:id`. The key itself is shown once. */
export const keyRoutes: AdminPlugin<{ hashKey(key: string): Buffer[] }> = async (
  app,
  { hashKey },
) => {
  const { db } = app.database

  app.post('/accounts/:id/keys', { schema: createSchema }, async (request, reply) => {
    const accountId = readPathId('account', request.params.id)
    found(await findAccount(db, accountId), 'account')
    const settings = { ...NO_SETTINGS, ...readSettings(request.body, NO_SPEND) }
    const key = createApiKey()
    const [hash] = hashKey(key)
    if (!hash) throw new Error('there is no secret to hash keys with')
    const values = { ...settings, id: randomUUIDv7(), accountId, hash, hint: keyHint(key) }
    return reply.code(201).send({ ...keyBody(await createKey(db, values)), key })
  })

  app.get('/accounts/:id/keys', { schema: listSchema }, async ({ params, query }) => {
    const accountId = readPathId('account', params.id)
    const page = readPage(query, 'id')
    found(await findAccount(db, accountId), 'account')
    return listBody(await listKeys(db, accountId, page), keyBody)
  })

  app.get('/keys/:id', { schema: getSchema }, async ({ params }) => {
    const id = readPathId('key', params.id)
    return keyBody(found(await findApiKey(db, id), 'key'))
  })

  app.patch('/keys/:id', { schema: changeSchema }, async ({ params, body }) => {
    const id = readPathId('key', params.id)
    const stored = found(await findApiKey(db, id), 'key')
    return keyBody(found(await updateKey(db, id, readSettings(body, stored)), 'key'))
  })

  app.delete('/keys/:id', { schema: revokeSchema }, async ({ params }) => {
    const id = readPathId('key', params.id)
    return keyBody(found(await revokeKey(db, id), 'key'))
  })
}

function keyBody(key: ApiKey): Static<typeof KeyBody> {
  return {
    id: formatId('key', key.id),
    account_id: formatId('account', key.accountId),
    name: key.name,
    hint: key.hint,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    models: key.models,
    requests_per_minute: key.requestsPerMinute,
    tokens_per_minute: key.tokensPerMinute,
    concurrency: key.concurrency,
    spend_limit: key.spendLimit === null ? null : formatCredits(key.spendLimit),
    spend_period: key.spendPeriod,
    spent: key.spent === null ? null : formatCredits(key.spent),
    created_at: key.createdAt.toISOString(),
  }
}

/** The settings a body names; what it leaves out stays out. */
function readSettings(body: Static<typeof NewKey>, stored: StoredSpend): ApiKeyChange {
  const { name, models, expires_at, spend_limit, spend_period } = body
  const { requests_per_minute, tokens_per_minute, concurrency } = body
  return {
    ...(name !== undefined && { name }),
    ...(models !== undefined && { models }),
    ...(concurrency !== undefined && { concurrency }),
    ...(requests_per_minute !== undefined && { requestsPerMinute: requests_per_minute }),
    ...(tokens_per_minute !== undefined && { tokensPerMinute: tokens_per_minute }),
    ...(expires_at !== undefined && { expiresAt: readExpiry(expires_at) }),
    ...((spend_limit !== undefined || spend_period !== undefined) && {
      spend: readSpend(body, stored),
    }),
  }
}

/** A limit without a period is for good. @throws ProxyError invalid_value */
function readSpend(body: Static<typeof NewKey>, stored: StoredSpend): SpendLimit | null {
  const { spend_limit: text, spend_period: period = stored.spendPeriod } = body
  const given = typeof text === 'string' ? readCredits('spend_limit', text) : null
  const amount = text === undefined ? stored.spendLimit : given
  if (amount !== null) return { amount, period: period ?? 'total' }
  if (body.spend_period) throw invalidValue('spend_period', 'A period needs a spend_limit.')
  return null
}

function readExpiry(text: string | null): Date | null {
  return text === null ? null : readTime('expires_at', text)
}
