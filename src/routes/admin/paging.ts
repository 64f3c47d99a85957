import { Type } from '@sinclair/typebox'
import { decodeCursor, encodeCursor, type Page, type Slice } from '../../store/cursor.ts'
import { unread } from './fields.ts'
import { UUID } from './ids.ts'
import { invalidValue } from './refusals.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 200

/** The names that rows of a list can have. */
export const NAME = /^[^\p{Cc}\p{Cs}]{1,256}$/u

/** What a list is ordered by, and so what its cursors carry. */
const KEYS = { id: UUID, seq: /^[1-9][0-9]{0,14}$/, name: NAME }

/** The query string fields of every list. */
export const PageFields = {
  limit: Type.Optional(unread(`Items of a page, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} if left out.`)),
  cursor: Type.Optional(unread('`next` of the page before.')),
}

/** @throws ProxyError invalid_value naming limit or cursor */
export function readPage(
  { limit, cursor }: { limit?: string; cursor?: string },
  key: keyof typeof KEYS,
): Page {
  return { limit: readLimit(limit), after: cursor === undefined ? null : readCursor(cursor, key) }
}

/** The body of a list: `{data, next}`. */
export function listBody<Row, Body>({ rows, next }: Slice<Row>, toBody: (row: Row) => Body) {
  return { data: rows.map(toBody), next: next === null ? null : encodeCursor(next) }
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT
  const limit = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0
  if (limit === 0 || limit > LIMIT_MAX) {
    throw invalidValue('limit', `limit must be a whole number from 1 to ${LIMIT_MAX}.`)
  }
  return limit
}

function readCursor(cursor: string, key: keyof typeof KEYS): string {
  const after = decodeCursor(cursor, KEYS[key])
  if (after === null) throw invalidValue('cursor', 'cursor is not one that this list returned.')
  return after
}
