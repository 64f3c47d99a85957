import { type TProperties, type TSchema, Type } from '@sinclair/typebox'

/** Neither control characters (Postgres stores no NUL) nor half of a surrogate pair. */
const PRINTABLE = '^[^\\p{Cc}\\p{Cs}]*$'
const INT4_MAX = 2_147_483_647

/** An object that refuses what it does not know, by name. */
export const strictObject = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false })

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const oneOf = <T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: values })

/** Names, references and external ids. */
export const Text = Type.String({ minLength: 1, maxLength: 256, pattern: PRINTABLE })

/** The key of an upstream: what fits into a header; some are whole JWTs. */
export const UpstreamKey = Type.String({
  minLength: 1,
  maxLength: 4_096,
  pattern: '^[\\x21-\\x7e]+$',
})

/** What is read further by the handler: numbers as decimal strings, times, cursors. */
export const unread = (description: string) => Type.String({ maxLength: 1_024, description })

/** The id in a path. */
export const pathId = (like: 'acc_' | 'key_' | '') =>
  strictObject({ id: Type.String({ description: `\`${like}<uuid>\`` }) })

export const TokenCount = Type.Integer({ minimum: 1, maximum: INT4_MAX })

/** A bucket of this many requests still counts in int64. */
export const RequestsPerMinute = Type.Integer({ minimum: 1, maximum: 1_000_000 })

/** A bucket of this many tokens, and the debts of it, still count in int64. */
export const TokensPerMinute = Type.Integer({ minimum: 1, maximum: 1_000_000_000 })

/** Model names; a trailing `*` matches any rest. */
export const ModelNames = Type.Array(Text, { maxItems: 1_000 })
