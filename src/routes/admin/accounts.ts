import { randomUUIDv7 } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import {
  type Account,
  type AccountStatus,
  createAccount,
  findAccount,
  findAccountByExternalId,
  listAccounts,
  updateAccount,
} from '../../store/accounts.ts'
import { accountBody } from './account-body.ts'
import { oneOf, strictObject, Text, Unread } from './fields.ts'
import { readPathId } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readCredits } from './values.ts'

const Status = oneOf(['active', 'suspended', 'closed'] satisfies AccountStatus[])
const Id = strictObject({ id: Type.String() })

const NewAccount = strictObject({
  name: Text,
  external_id: Type.Optional(Text),
  tier: Type.Optional(Text),
  credits: Type.Optional(Unread),
})

const Change = Type.Partial(strictObject({ name: Text, tier: Text, status: Status }), {
  additionalProperties: false,
  minProperties: 1,
})

const Filter = strictObject({
  ...PageFields,
  external_id: Type.Optional(Text),
  status: Type.Optional(Status),
})

/** `/admin/accounts` and `/admin/accounts/:id`. */
export const accountRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.post('/accounts', { schema: { body: NewAccount } }, async (request, reply) => {
    const { account, created } = await open(db, request.body)
    return reply.code(created ? 201 : 200).send(accountBody(account))
  })

  app.get('/accounts', { schema: { querystring: Filter } }, async ({ query }) => {
    const filter = { externalId: query.external_id, status: query.status }
    return listBody(await listAccounts(db, filter, readPage(query, 'id')), accountBody)
  })

  app.get('/accounts/:id', { schema: { params: Id } }, async ({ params }) => {
    const account = await findAccount(db, readPathId('account', params.id))
    return accountBody(found(account, 'account'))
  })

  app.patch('/accounts/:id', { schema: { params: Id, body: Change } }, async (request) => {
    const id = readPathId('account', request.params.id)
    const account = await updateAccount(db, id, request.body)
    if (account === 'unknown_tier') throw unknownTier()
    return accountBody(found(account, 'account'))
  })
}

/** Makes the account, or finds the one that has its external id. */
async function open(
  db: PostgresJsDatabase,
  body: Static<typeof NewAccount>,
): Promise<{ account: Account; created: boolean }> {
  const id = randomUUIDv7()
  const externalId = body.external_id ?? null
  const credits = body.credits === undefined ? 0n : readCredits('credits', body.credits)
  const values = { id, name: body.name, externalId, tier: body.tier ?? 'default', credits }
  const created = await createAccount(db, values)
  if (created === 'unknown_tier') throw unknownTier()
  const account =
    created || externalId === null
      ? await findAccount(db, id)
      : await findAccountByExternalId(db, externalId)
  return { account: found(account, 'account'), created }
}

function unknownTier() {
  return invalidValue('tier', 'There is no such tier.')
}
