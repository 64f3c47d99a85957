/** Which part of a list is wanted: at most `limit` rows after the row whose key is `after`. */
export type Page = { limit: number; after: string | null }

/** A part of a list; `next` is the key of its last row when there are more, else null. */
export type Slice<Row> = { rows: Row[]; next: string | null }

/** Rows to ask the database for: one more than wanted tells whether there are more. */
export function rowsToRead(page: Page): number {
  return page.limit + 1
}

/** Cuts what `rowsToRead` asked for down to the page. */
export function sliceOf<Row>(rows: Row[], page: Page, keyOf: (row: Row) => string): Slice<Row> {
  const kept = rows.slice(0, page.limit)
  const last = kept.at(-1)
  return { rows: kept, next: rows.length > page.limit && last ? keyOf(last) : null }
}

/** The opaque form of a row's key, as clients get it. */
export function encodeCursor(key: string): string {
  return Buffer.from(key).toString('base64url')
}

/** The key inside a cursor; null when this is no cursor of ours or its key is not of that form. */
export function decodeCursor(cursor: string, keyPattern: RegExp): string | null {
  const key = Buffer.from(cursor, 'base64url').toString()
  return encodeCursor(key) === cursor && keyPattern.test(key) ? key : null
}
