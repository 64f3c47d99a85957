import { type Static, Type } from '@sinclair/typebox'
import type { Profile } from '../../wire/profile.ts'
import { oneOf, strictObject } from './fields.ts'

/** A profile as the admin API has it. */
export const ProfileFields = strictObject({
  api: oneOf<Profile['api']>(['openai', 'anthropic']),
  stream_options: oneOf<Profile['streamOptions']>(['send', 'omit', 'continuous', 'auto']),
  output_limit: oneOf<Profile['outputLimit']>(['as_sent', 'max_tokens', 'max_completion_tokens']),
  auth_header: oneOf<Profile['authHeader']>(['authorization', 'api-key', 'x-api-key']),
  developer_role: oneOf<Profile['developerRole']>(['keep', 'system']),
  reasoning_tokens: oneOf<Profile['reasoningTokens']>(['included', 'excluded']),
  embedding_format: oneOf<Profile['embeddingFormat']>(['as_sent', 'float']),
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
} as const satisfies { [field in keyof ProfileBody]: keyof Profile }

/** What is stored: only what was said, so that a new default reaches old providers. */
export function readProfileBody(body: Partial<ProfileBody>): Partial<Profile> {
  const entries = Object.entries(body) as [keyof ProfileBody, string][]
  return Object.fromEntries(entries.map(([field, value]) => [MEMBERS[field], value]))
}

export function profileBody(profile: Profile): ProfileBody {
  const entries = Object.entries(MEMBERS).map(([field, member]) => [field, profile[member]])
  return Object.fromEntries(entries) as ProfileBody
}
