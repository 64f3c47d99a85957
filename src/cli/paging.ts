import type { List } from './admin-client.ts'
import type { Option, Output } from './command.ts'
import { type Columns, table } from './table.ts'
import { readCount } from './values.ts'

/** The options of every command that lists. */
export const PAGE_OPTIONS: Record<string, Option> = {
  limit: { value: '<n>', says: 'rows at a time, at most 200 (50)', read: readCount },
  cursor: { value: '<cursor>', says: 'goes on where a list ended' },
}

export function listOutput<Row>(list: List<Row>, columns: Columns<Row>): Output {
  const rows = table(list.data, columns)
  const more = list.next === null ? '' : `\nThere are more: add --cursor ${list.next}`
  return { json: list, text: rows + more }
}
