/** What a cell can be made of. A list is its items; null is a dash. */
export type Cell = string | number | boolean | null | undefined | readonly string[]

/** Titles, and how each cell is found in a row. */
export type Columns<Row> = Record<string, (row: Row) => Cell>

const GAP = '  '
const NUMBER = /^-?[0-9]+(\.[0-9]+)?( ms)?$/

/** Control characters, and what reorders text: a model's name must not command a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Rows below each other, columns aligned, numbers to the right. */
export function table<Row>(rows: readonly Row[], columns: Columns<Row>): string {
  if (rows.length === 0) return 'none'
  const parts = Object.entries(columns).map(([title, find]) => column(title, rows.map(find)))
  const lines = ['', ...rows].map((_, line) => parts.map((cells) => cells[line]).join(GAP))
  return lines.map((line) => line.trimEnd()).join('\n')
}

/** One row as lines of title and value. */
export function record<Row>(row: Row, columns: Columns<Row>): string {
  const width = Math.max(...Object.keys(columns).map((title) => title.length))
  return Object.entries(columns)
    .map(([title, find]) => `${title.padEnd(width)}${GAP}${shown(find(row))}`)
    .join('\n')
}

/** Text without anything that a terminal would obey instead of showing it. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`)
}

/** `2026-12-01T09:30:00.000Z` as people read it. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`
}

function column(title: string, values: Cell[]): string[] {
  const cells = values.map(shown)
  const width = Math.max(title.length, ...cells.map((cell) => cell.length))
  const isNumeric = cells.every((cell) => NUMBER.test(cell) || cell === '-')
  return [title, ...cells].map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)))
}

function shown(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-'
  if (Array.isArray(cell)) return cell.length === 0 ? 'none' : cell.map(printable).join(', ')
  return printable(String(cell))
}
