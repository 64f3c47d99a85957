import { randomUUIDv7 } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import {
  type Account,
  createAccount,
  findAccount,
  findAccountByExternalId,
  listAccounts,
  updateAccount,
} from '../../store/accounts.ts'
import { keptViolations } from '../../store/audit/audit-state.ts'
import { answer, listOf } from '../answers.ts'
import { AccountBody, accountBody, NewStatus, Status } from './account-body.ts'
import { pathId, strictObject, Text, unread } from './fields.ts'
import { readPathId } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readCredits } from './values.ts'
import { KeptViolationBody, keptBody } from './violation-body.ts'

const Id = pathId('acc_')

const NewAccount = strictObject({
  name: Text,
  external_id: Type.Optional(Text),
  tier: Type.Optional(Text),
  credits: Type.Optional(unread('Credits of the first grant: a decimal string.')),
})

const Change = Type.Partial(strictObject({ name: Text, tier: Text, status: NewStatus }), {
  additionalProperties: false,
  minProperties: 1,
})

const Filter = strictObject({
  ...PageFields,
  external_id: Type.Optional(Text),
  status: Type.Optional(Status),
})

const createSchema = {
  summary: 'Open an account, or find the one with this external_id',
  body: NewAccount,
  answers: { 200: AccountBody, 201: AccountBody },
}
const listSchema = {
  summary: 'List accounts, newest first',
  querystring: Filter,
  answers: { 200: listOf(AccountBody) },
}
const WatchedAccountBody = answer('WatchedAccount', 'An account, and what its audit found.', {
  ...AccountBody.properties,
  violations: Type.Optional(
    Type.Array(KeptViolationBody, {
      description: 'What the background audit found and nobody has lifted. Left out: nothing.',
    }),
  ),
})

const getSchema = {
  summary: 'Read an account, its balance, and why it is frozen',
  params: Id,
  answers: { 200: WatchedAccountBody },
}
const changeSchema = {
  summary: 'Change the name, tier or status of an account; active lifts a freeze',
  params: Id,
  body: Change,
  answers: { 200: AccountBody },
}

/** `/admin/accounts` and `/admin/accounts/:id`. */
export const accountRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.post('/accounts', { schema: createSchema }, async (request, reply) => {
    const { account, created } = await open(db, request.body)
    return reply.code(created ? 201 : 200).send(accountBody(account))
  })

  app.get('/accounts', { schema: listSchema }, async ({ query }) => {
    const filter = { externalId: query.external_id, status: query.status }
    return listBody(await listAccounts(db, filter, readPage(query, 'id')), accountBody)
  })

  app.get('/accounts/:id', { schema: getSchema }, async ({ params }) => {
    const id = readPathId('account', params.id)
    const account = accountBody(found(await findAccount(db, id), 'account'))
    const violations = await keptViolations(db, id)
    return { ...account, ...(violations.length > 0 && { violations: violations.map(keptBody) }) }
  })

  app.patch('/accounts/:id', { schema: changeSchema }, async (request) => {
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
