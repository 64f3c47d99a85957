import { randomUUIDv7 } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { createApiKey, keyHint } from '../../api-key.ts'
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
import { AccountId, answer, KeyId, Limit, listOf, Time } from '../answers.ts'
import {
  ModelNames,
  nullable,
  pathId,
  RequestsPerMinute,
  strictObject,
  Text,
  TokenCount,
} from './fields.ts'
import { formatId, readPathId } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime } from './values.ts'

const FIELDS = {
  name: Type.Optional(nullable(Text)),
  expires_at: Type.Optional(nullable(Type.String({ format: 'date-time' }))),
  models: Type.Optional(nullable(ModelNames)),
  requests_per_minute: Type.Optional(nullable(RequestsPerMinute)),
  concurrency: Type.Optional(nullable(TokenCount)),
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
  concurrency: Limit,
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

/** `/admin/accounts/:id/keys` and `/admin/keys/:id`. The key itself is shown once. */
export const keyRoutes: AdminPlugin<{ hashKey(key: string): Buffer[] }> = async (
  app,
  { hashKey },
) => {
  const { db } = app.database

  app.post('/accounts/:id/keys', { schema: createSchema }, async (request, reply) => {
    const accountId = readPathId('account', request.params.id)
    found(await findAccount(db, accountId), 'account')
    const { name = null, models = null, expires_at = null } = request.body
    const { requests_per_minute = null, concurrency = null } = request.body
    const expiresAt = readExpiry(expires_at)
    const key = createApiKey()
    const [hash] = hashKey(key)
    if (!hash) throw new Error('there is no secret to hash keys with')
    const values = {
      id: randomUUIDv7(),
      accountId,
      name,
      models,
      requestsPerMinute: requests_per_minute,
      concurrency,
      expiresAt,
      hash,
      hint: keyHint(key),
    }
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
    const { expires_at, requests_per_minute, ...rest } = body
    const change: ApiKeyChange = rest
    if (requests_per_minute !== undefined) change.requestsPerMinute = requests_per_minute
    if (expires_at !== undefined) change.expiresAt = readExpiry(expires_at)
    return keyBody(found(await updateKey(db, id, change), 'key'))
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
    concurrency: key.concurrency,
    created_at: key.createdAt.toISOString(),
  }
}

function readExpiry(text: string | null): Date | null {
  return text === null ? null : readTime('expires_at', text)
}
