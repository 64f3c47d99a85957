import { type Static, Type } from '@sinclair/typebox'
import { PRESETS, type Preset } from '../../doctor/presets.ts'
import type { SecretBox } from '../../secrets/secret-box.ts'
import type { Resealed } from '../../secrets/secret-rotation.ts'
import {
  deleteProvider,
  findProvider,
  listProviders,
  type Provider,
  putProvider,
} from '../../store/providers.ts'
import { storable } from '../../store/request-record.ts'
import type { AddressGuard } from '../../upstream/connect/address-guard.ts'
import type { Proxies } from '../../upstream/connect/proxies.ts'
import type { UpstreamTarget } from '../../upstream/target.ts'
import { readProfile } from '../../wire/profile.ts'
import { answer, listOf } from '../answers.ts'
import { readBaseUrl } from './base-url.ts'
import { nullable, oneOf, strictObject, Text, UpstreamKey } from './fields.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { ProfileFields, profileBody, readProfileBody, SomeProfileFields } from './profile-body.ts'
import { conflict, found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const Name = strictObject({ name: Type.String() })

const NO_PRESET: Preset = { says: '', profile: {} }

const Settings = strictObject({
  /** Left out: that of the preset, which must have one. */
  base_url: Type.Optional(Text),
  /** A well-known server, whose quirks are known. */
  preset: Type.Optional(oneOf(Object.keys(PRESETS))),
  /** Left out: the stored key stays. Null: none is sent. */
  api_key: Type.Optional(nullable(UpstreamKey)),
  /** Quirks; what is left out is as the preset says, or else as OpenAI does it. */
  profile: Type.Optional(SomeProfileFields),
})

const ProviderBody = answer('Provider', 'An upstream. Its key goes in, and never comes out.', {
  name: Type.String(),
  base_url: Type.String(),
  has_key: Type.Boolean(),
  profile: ProfileFields,
  source: oneOf<UpstreamTarget['source']>(['env', 'database']),
})

type ProviderOptions = {
  secretBox: SecretBox
  guard: AddressGuard
  proxies: Proxies
  environment: UpstreamTarget
  reseal(): Promise<Resealed>
}

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

const ResealBody = answer('Reseal', 'What was done for a new first secret of SECRET_KEY.', {
  resealed: Type.Integer({ description: 'Provider keys encrypted anew, under the first secret.' }),
  current: Type.Integer({ description: 'Those that already were.' }),
  unreadable: Type.Array(Type.String(), { description: 'Providers whose key no secret opens.' }),
  secrets_kept: Type.Integer({ description: 'Older secrets kept for what is hashed under them.' }),
})

const resealSchema = {
  summary: 'Encrypt everything under the first secret of SECRET_KEY',
  answers: { 200: ResealBody },
}

/** `/admin/providers`: upstreams beside that of the environment. Keys go in, and never come out. */
export const providerRoutes: AdminPlugin<ProviderOptions> = async (
  app,
  { secretBox, guard, proxies, environment, reseal },
) => {
  const { db } = app.database
  const isReadOnly = (name: string) => name === environment.provider

  app.get('/providers', { schema: listSchema }, async ({ query }) =>
    listBody(await listProviders(db, readPage(query, 'name'), environment.provider), (named) =>
      named.provider ? providerBody(named.provider) : environmentBody(environment),
    ),
  )

  app.get('/providers/:name', { schema: getSchema }, async ({ params: { name } }) => {
    const provider = await findProvider(db, storable(name))
    if (provider === null && isReadOnly(name)) return environmentBody(environment)
    return providerBody(found(provider, 'provider'))
  })

  app.put(
    '/providers/:name',
    { schema: putSchema },
    async ({ params: { name }, body: { base_url, preset, api_key, profile = {} } }) => {
      if (!NAME.test(name)) {
        const shape = 'at most 64 letters, digits, dots, dashes and underscores'
        throw invalidValue('name', `The name of a provider must be ${shape}.`)
      }
      if (isReadOnly(name)) throw readOnly(name)
      const known: Preset = (preset && PRESETS[preset]) || NO_PRESET
      const { href: baseUrl } = await readBaseUrl(base_url ?? known.baseUrl ?? '', guard, proxies)
      const values = { name, baseUrl, profile: { ...known.profile, ...readProfileBody(profile) } }
      if (api_key === undefined) return providerBody(await putProvider(db, values))
      const apiKey = api_key === null ? null : secretBox.seal(api_key)
      return providerBody(await putProvider(db, { ...values, apiKey }))
    },
  )

  app.delete('/providers/:name', { schema: deleteSchema }, async ({ params: { name } }) => {
    const provider = await deleteProvider(db, storable(name))
    if (provider === 'in_use') throw conflict('Routes lead to this provider: change them first.')
    if (provider === null && isReadOnly(name)) throw readOnly(name)
    return providerBody(found(provider, 'provider'))
  })

  app.post('/providers/reseal', { schema: resealSchema }, async () => {
    const { resealed, current, unreadable, secretsKept } = await reseal()
    return { resealed, current, unreadable, secrets_kept: secretsKept }
  })
}

function readOnly(name: string) {
  const how = 'change OPENAI_BASE_URL and OPENAI_API_KEY, and start anew'
  return conflict(`The provider ${name} is that of the environment, and read-only here: ${how}.`)
}

/** The provider of the environment: its base URL without a query, which may have secrets. */
function environmentBody(target: UpstreamTarget): Static<typeof ProviderBody> {
  const { provider: name, baseUrl: base_url, apiKey, profile, source } = target
  return { name, base_url, has_key: apiKey !== null, profile: profileBody(profile), source }
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
