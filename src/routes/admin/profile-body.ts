import { type Static, Type } from '@sinclair/typebox'
import { KEPT_FIELDS, type Profile } from '../../wire/profile.ts'
import { oneOf, strictObject, Text, TokenCount } from './fields.ts'
import { invalidValue } from './refusals.ts'

/** Seconds for which the answer of a client that has gone may be read on: an hour. */
const FINISH_SECONDS_MAX = 3_600

/** Names of top-level members of a JSON body. */
const DropFields = Type.Array(Type.String({ ...Text, maxLength: 128 }), {
  maxItems: 64,
  uniqueItems: true,
})

/** A profile as the admin API has it. */
export const ProfileFields = strictObject({
  api: oneOf<Profile['api']>(['openai', 'anthropic']),
  stream_options: oneOf<Profile['streamOptions']>(['send', 'omit', 'continuous', 'auto']),
  output_limit: oneOf<Profile['outputLimit']>(['as_sent', 'max_tokens', 'max_completion_tokens']),
  auth_header: oneOf<Profile['authHeader']>(['authorization', 'api-key', 'x-api-key']),
  developer_role: oneOf<Profile['developerRole']>(['keep', 'system']),
  reasoning_tokens: oneOf<Profile['reasoningTokens']>(['included', 'excluded']),
  embedding_format: oneOf<Profile['embeddingFormat']>(['as_sent', 'float']),
  drop_fields: DropFields,
  on_disconnect: oneOf<Profile['onDisconnect']>(['cancel', 'finish']),
  finish_max_tokens: TokenCount,
  finish_max_seconds: Type.Integer({ minimum: 1, maximum: FINISH_SECONDS_MAX }),
})

/** Some of it: what is left out is as OpenAI does it. */
export const SomeProfileFields = Type.Partial(ProfileFields, { additionalProperties: false })

export type ProfileBody = Static<typeof ProfileFields>

/** The profile's names of the fields. */
const MEMBERS = {
  api: 'api',
  stream_options: 'streamOptions',
  output_limit: 'outputLimit',
  auth_header: 'authHeader',
  developer_role: 'developerRole',
  reasoning_tokens: 'reasoningTokens',
  embedding_format: 'embeddingFormat',
  drop_fields: 'dropFields',
  on_disconnect: 'onDisconnect',
  finish_max_tokens: 'finishMaxTokens',
  finish_max_seconds: 'finishMaxSeconds',
} as const satisfies { [field in keyof ProfileBody]: keyof Profile }

/**
 * What is stored: only what was said, so that a new default reaches old providers.
 * @throws ProxyError invalid_value
 */
export function readProfileBody(body: Partial<ProfileBody>): Partial<Profile> {
  const kept = body.drop_fields?.find((name) => KEPT_FIELDS.includes(name))
  if (kept !== undefined) {
    throw invalidValue('profile.drop_fields', `No request goes without its "${kept}".`)
  }
  const entries = Object.entries(body) as [keyof ProfileBody, unknown][]
  return Object.fromEntries(entries.map(([field, value]) => [MEMBERS[field], value]))
}

export function profileBody(profile: Profile): ProfileBody {
  const entries = Object.entries(MEMBERS).map(([field, member]) => [field, profile[member]])
  return Object.fromEntries(entries) as ProfileBody
}
