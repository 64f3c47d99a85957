import { randomUUIDv7 } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { createApiKey, keyHint } from '../../api-key.ts'
import { findAccount } from '../../store/accounts.ts'
import {
  type ApiKey,
  type ApiKeyChange,
  createKey,
  listKeys,
  revokeKey,
  updateKey,
} from '../../store/api-keys.ts'
import {
  ModelNames,
  nullable,
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

const Id = strictObject({ id: Type.String() })

const FIELDS = {
  name: Type.Optional(nullable(Text)),
  expires_at: Type.Optional(nullable(Type.String({ format: 'date-time' }))),
  models: Type.Optional(nullable(ModelNames)),
  requests_per_minute: Type.Optional(nullable(RequestsPerMinute)),
  concurrency: Type.Optional(nullable(TokenCount)),
}
const NewKey = strictObject(FIELDS)
const Change = Type.Object(FIELDS, { additionalProperties: false, minProperties: 1 })

/** `/admin/accounts/:id/keys` and `/admin/keys/:id`. The key itself is shown once. */
export const keyRoutes: AdminPlugin<{ hashKey(key: string): Buffer[] }> = async (
  app,
  { hashKey },
) => {
  const { db } = app.database

  app.post(
    '/accounts/:id/keys',
    { schema: { params: Id, body: NewKey } },
    async (request, reply) => {
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
    },
  )

  const listSchema = { params: Id, querystring: strictObject(PageFields) }
  app.get('/accounts/:id/keys', { schema: listSchema }, async ({ params, query }) => {
    const accountId = readPathId('account', params.id)
    const page = readPage(query, 'id')
    found(await findAccount(db, accountId), 'account')
    return listBody(await listKeys(db, accountId, page), keyBody)
  })

  app.patch('/keys/:id', { schema: { params: Id, body: Change } }, async ({ params, body }) => {
    const id = readPathId('key', params.id)
    const { expires_at, requests_per_minute, ...rest } = body
    const change: ApiKeyChange = rest
    if (requests_per_minute !== undefined) change.requestsPerMinute = requests_per_minute
    if (expires_at !== undefined) change.expiresAt = readExpiry(expires_at)
    return keyBody(found(await updateKey(db, id, change), 'key'))
  })

  app.delete('/keys/:id', { schema: { params: Id } }, async ({ params }) => {
    const id = readPathId('key', params.id)
    return keyBody(found(await revokeKey(db, id), 'key'))
  })
}

function keyBody(key: ApiKey) {
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
