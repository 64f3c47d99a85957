import { type Static, Type } from '@sinclair/typebox'
import { formatCredits, parseCredits } from '../../domain/credits.ts'
import { MARKUP_NONE_PPM } from '../../domain/prices/price.ts'
import type { Tier } from '../../domain/tier.ts'
import { storable } from '../../store/request-record.ts'
import { deleteTier, findTier, listTiers, putTier } from '../../store/tiers.ts'
import { answer, Limit, listOf } from '../answers.ts'
import {
  ModelNames,
  nullable,
  RequestsPerMinute,
  strictObject,
  TokenCount,
  TokensPerMinute,
  unread,
} from './fields.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { conflict, found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

const MARKUP_MAX = 1_000n

/** A name that needs no escaping in a URL. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const Name = strictObject({ name: Type.String() })

const Settings = strictObject({
  models: Type.Optional(nullable(ModelNames)),
  markup: Type.Optional(unread('A factor: a decimal string, such as "1.2". Left out: "1".')),
  max_output_tokens: Type.Optional(nullable(TokenCount)),
  hold_output_tokens: Type.Optional(nullable(TokenCount)),
  requests_per_minute: Type.Optional(nullable(RequestsPerMinute)),
  tokens_per_minute: Type.Optional(nullable(TokensPerMinute)),
  concurrency: Type.Optional(nullable(TokenCount)),
})

const TierBody = answer('Tier', 'What its accounts may use and how fast; null is no limit.', {
  name: Type.String(),
  models: nullable(
    Type.Array(Type.String({ description: 'A trailing `*` matches any rest.' }), {
      description: 'Null allows every model.',
    }),
  ),
  markup: Type.String({ description: 'A factor: a decimal string.' }),
  max_output_tokens: Limit,
  hold_output_tokens: Limit,
  requests_per_minute: Limit,
  tokens_per_minute: Limit,
  concurrency: Limit,
})

const listSchema = {
  summary: 'List tiers by name',
  querystring: strictObject(PageFields),
  answers: { 200: listOf(TierBody) },
}
const getSchema = { summary: 'Read a tier', params: Name, answers: { 200: TierBody } }
const putSchema = {
  summary: 'Make a tier, or replace it',
  params: Name,
  body: Settings,
  answers: { 200: TierBody },
}
const deleteSchema = { ...getSchema, summary: 'Delete a tier that no account has' }

/** `/admin/tiers`: what accounts may use, and the markup on it. */
export const tierRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/tiers', { schema: listSchema }, async ({ query }) =>
    listBody(await listTiers(db, readPage(query, 'name')), tierBody),
  )

  app.get('/tiers/:name', { schema: getSchema }, async ({ params }) =>
    tierBody(found(await findTier(db, storable(params.name)), 'tier')),
  )

  app.put('/tiers/:name', { schema: putSchema }, async ({ params, body }) => {
    const tier = readTier(readName(params.name), body)
    await putTier(db, tier)
    return tierBody(tier)
  })

  app.delete('/tiers/:name', { schema: deleteSchema }, async ({ params: { name } }) => {
    if (name === 'default') throw conflict('The tier default can not be deleted.')
    const tier = await deleteTier(db, storable(name))
    if (tier === 'in_use') throw conflict('Accounts have this tier: give them another first.')
    return tierBody(found(tier, 'tier'))
  })
}

function readName(name: string): string {
  if (!NAME.test(name)) {
    const shape = 'at most 64 letters, digits, dots, dashes and underscores'
    throw invalidValue('name', `The name of a tier must be ${shape}, a letter or digit first.`)
  }
  return name
}

/** What is left out gets its default: PUT names the whole tier. */
function readTier(name: string, body: Static<typeof Settings>): Tier {
  return {
    name,
    models: body.models ?? null,
    markupPpm: body.markup === undefined ? MARKUP_NONE_PPM : readMarkup(body.markup),
    maxOutputTokens: body.max_output_tokens ?? null,
    holdOutputTokens: body.hold_output_tokens ?? null,
    requestsPerMinute: body.requests_per_minute ?? null,
    tokensPerMinute: body.tokens_per_minute ?? null,
    concurrency: body.concurrency ?? null,
  }
}

/** A factor in parts per million is written like credits in micro-credits: 6 decimals. */
function readMarkup(text: string): bigint {
  const ppm = parseCredits(text)
  if (ppm === null || ppm < 0n || ppm > MARKUP_MAX * MARKUP_NONE_PPM) {
    const shape = `a decimal string from 0 to ${MARKUP_MAX} with at most 6 decimals`
    throw invalidValue('markup', `markup must be ${shape}, such as "1.2".`)
  }
  return ppm
}

function tierBody(tier: Tier): Static<typeof TierBody> {
  return {
    name: tier.name,
    models: tier.models && [...tier.models],
    markup: formatCredits(tier.markupPpm),
    max_output_tokens: tier.maxOutputTokens,
    hold_output_tokens: tier.holdOutputTokens,
    requests_per_minute: tier.requestsPerMinute,
    tokens_per_minute: tier.tokensPerMinute,
    concurrency: tier.concurrency,
  }
}
