import { type Static, Type } from '@sinclair/typebox'
import type { SecretBox } from '../../secret-box.ts'
import {
  deleteProvider,
  findProvider,
  listProviders,
  type Provider,
  putProvider,
} from '../../store/providers.ts'
import { storable } from '../../store/request-record.ts'
import type { AddressGuard } from '../../upstream/address-guard.ts'
import { type Profile, readProfile } from '../../wire/profile.ts'
import { answer, listOf } from '../answers.ts'
import { nullable, oneOf, strictObject, Text } from './fields.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { conflict, found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const Name = strictObject({ name: Type.String() })

/** What fits into a header; some are whole JWTs. */
const ApiKey = Type.String({ minLength: 1, maxLength: 4_096, pattern: '^[\\x21-\\x7e]+$' })

const ProfileFields = strictObject({
  stream_options: oneOf(['send', 'omit'] satisfies Profile['streamOptions'][]),
  output_limit: oneOf([
    'as_sent',
    'max_tokens',
    'max_completion_tokens',
  ] satisfies Profile['outputLimit'][]),
  auth_header: oneOf(['authorization', 'api-key', 'x-api-key'] satisfies Profile['authHeader'][]),
})

const Settings = strictObject({
  base_url: Text,
  /** Left out: the stored key stays. Null: none is sent. */
  api_key: Type.Optional(nullable(ApiKey)),
  /** Quirks; what is left out is as OpenAI does it. */
  profile: Type.Optional(Type.Partial(ProfileFields, { additionalProperties: false })),
})

const ProviderBody = answer('Provider', 'An upstream. Its key goes in, and never comes out.', {
  name: Type.String(),
  base_url: Type.String(),
  has_key: Type.Boolean(),
  profile: ProfileFields,
  source: Type.Literal('database'),
})

type ProviderOptions = { secretBox: SecretBox; guard: AddressGuard; environment: string }

const listSchema = {
  summary: 'List providers by name',
  querystring: strictObject(PageFields),
  answers: { 200: listOf(ProviderBody) },
}
const getSchema = { summary: 'Read a provider', params: Name, answers: { 200: ProviderBody } }
const putSchema = {
  summary: 'Make a provider, or replace it',
  params: Name,
  body: Settings,
  answers: { 200: ProviderBody },
}
const deleteSchema = { ...getSchema, summary: 'Delete a provider that no route names' }

/** `/admin/providers`: upstreams beside that of the environment. Keys go in, and never come out. */
export const providerRoutes: AdminPlugin<ProviderOptions> = async (
  app,
  { secretBox, guard, environment },
) => {
  const { db } = app.database

  app.get('/providers', { schema: listSchema }, async ({ query }) =>
    listBody(await listProviders(db, readPage(query, 'name')), providerBody),
  )

  app.get('/providers/:name', { schema: getSchema }, async ({ params }) =>
    providerBody(found(await findProvider(db, storable(params.name)), 'provider')),
  )

  app.put(
    '/providers/:name',
    { schema: putSchema },
    async ({ params: { name }, body: { base_url, api_key, profile = {} } }) => {
      if (!NAME.test(name)) {
        const shape = 'at most 64 letters, digits, dots, dashes and underscores'
        throw invalidValue('name', `The name of a provider must be ${shape}.`)
      }
      if (name === environment) throw conflict(`The provider ${name} is that of the environment.`)
      const baseUrl = readBaseUrl(base_url, guard)
      const values = { name, baseUrl, profile: profileOf(profile) }
      if (api_key === undefined) return providerBody(await putProvider(db, values))
      const apiKey = api_key === null ? null : secretBox.seal(api_key)
      return providerBody(await putProvider(db, { ...values, apiKey }))
    },
  )

  app.delete('/providers/:name', { schema: deleteSchema }, async ({ params: { name } }) => {
    const provider = await deleteProvider(db, storable(name))
    if (provider === 'in_use') throw conflict('Routes lead to this provider: change them first.')
    return providerBody(found(provider, 'provider'))
  })
}

/** @throws ProxyError invalid_value for what can not, or must not, be an upstream */
function readBaseUrl(text: string, guard: AddressGuard): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalidValue('base_url', 'base_url must be an http or https URL.')
  }
  if (url.username || url.password || url.hash) {
    throw invalidValue('base_url', 'base_url must have no user name, password or fragment.')
  }
  if (!guard.allowsHost(url.hostname)) {
    const allow = 'a private address needs UPSTREAM_ALLOW_CIDRS'
    throw invalidValue('base_url', `base_url leads to an address that is not allowed: ${allow}.`)
  }
  return url.href
}

/** What is stored: only what was said, so that a new default reaches old providers. */
function profileOf(body: Partial<Static<typeof ProfileFields>>): Partial<Profile> {
  const { stream_options: streamOptions, output_limit: outputLimit, auth_header: authHeader } = body
  return {
    ...(streamOptions && { streamOptions }),
    ...(outputLimit && { outputLimit }),
    ...(authHeader && { authHeader }),
  }
}

function providerBody(provider: Provider): Static<typeof ProviderBody> {
  return {
    name: provider.name,
    base_url: provider.baseUrl,
    has_key: provider.apiKey !== null,
    profile: profileBody(readProfile(provider.profile)),
    source: 'database',
  }
}

function profileBody({ streamOptions, outputLimit, authHeader }: Profile) {
  return { stream_options: streamOptions, output_limit: outputLimit, auth_header: authHeader }
}
