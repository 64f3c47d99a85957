import { type TProperties, type TSchema, Type } from '@sinclair/typebox'
import { nullable } from './admin/fields.ts'

/**
 * Fields of what is answered: the reference shows them, and the functions that build the answers
 * have their types. Nothing is serialised by them.
 */

/** An object with a name in the reference. */
export const answer = <T extends TProperties>(name: string, description: string, properties: T) =>
  Type.Object(properties, { title: name, description })

/** The answer of every list. */
export const listOf = <T extends TSchema>(item: T) =>
  Type.Object(
    {
      data: Type.Array(item),
      next: nullable(Type.String({ description: 'Send it as `cursor` for the next page.' })),
    },
    { description: 'A page of the list; `next` is null on the last one.' },
  )

export const AccountId = Type.String({ description: '`acc_` and a UUIDv7.' })
export const KeyId = Type.String({ description: '`key_` and a UUIDv7.' })
export const RequestId = Type.String({ format: 'uuid', description: 'The `x-request-id`.' })
export const Credits = Type.String({ description: 'Credits: a decimal string, such as "12.5".' })
export const Usd = Type.String({ description: 'USD: a decimal string, such as "0.15".' })
export const Time = Type.String({ format: 'date-time' })
export const Count = Type.Integer({ minimum: 0 })
export const Limit = nullable(Type.Integer({ minimum: 1, description: 'Null is no limit.' }))
