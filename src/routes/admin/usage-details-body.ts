import { Type } from '@sinclair/typebox'
import { DETAIL_NAMES } from '../../domain/usage/usage-details.ts'
import { Count } from '../answers.ts'
import { nullable } from './fields.ts'

const counts = Object.values(DETAIL_NAMES).map((name) => [name, Count])

/** Tokens of other classes than the usual ones; what is 0 is left out. */
export const UsageDetailsBody = nullable(
  Type.Object(
    {
      ...Type.Partial(Type.Object(Object.fromEntries(counts))).properties,
      tool_calls: Type.Optional(Type.Record(Type.String(), Count)),
    },
    {
      description:
        'Tokens of other classes, parts of the prompt and the completion, and calls of hosted tools.',
    },
  ),
)
