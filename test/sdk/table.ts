import type { Contender, Row } from './matrix.ts'

/** Spaces between two columns. */
const GAP = '  '
/** Characters of a complaint that are shown. */
const COMPLAINT_CHARS = 300

/** The matrix as text: a row for each scenario, under the heading of its endpoint. */
export function renderTable(rows: Row[], contenders: Contender[]): string {
  const first = Math.max(...rows.map(({ scenario }) => scenario.title.length))
  const widths = contenders.map(({ name }) => Math.max(name.length, 'skipped'.length))
  const line = (title: string, cells: string[]) =>
    [title.padEnd(first), ...cells.map((cell, at) => cell.padEnd(widths[at] ?? 0))].join(GAP)
  const heads = contenders.map(({ name }) => name)
  const lines = rows.flatMap(({ scenario, verdicts }, at) => {
    const cells = contenders.map(({ name, client }) =>
      client ? (verdicts.get(name)?.kind ?? '-') : 'skipped',
    )
    const isNew = scenario.endpoint !== rows[at - 1]?.scenario.endpoint
    const heading = isNew ? ['', line(scenario.endpoint.toUpperCase(), heads)] : []
    return [...heading, line(scenario.title, cells)]
  })
  return `${lines.map((text) => text.trimEnd()).join('\n')}\n`
}

/** The columns with their versions, in a line each, or why they are skipped. */
export function renderColumns(contenders: Contender[]): string {
  const lines = contenders.map((one) =>
    one.client ? `${one.name} is ${one.version}` : `${one.name} is skipped: ${one.reason}`,
  )
  return `${lines.join('\n')}\n`
}

/** What is wrong, by scenario. */
export function renderWrong(rows: Row[], contenders: Contender[]): string {
  const blocks = rows.map(({ scenario, verdicts }) => {
    const lines = contenders.flatMap(({ name }) => {
      const verdict = verdicts.get(name)
      return verdict?.kind === 'wrong' ? [`  ${name}: ${brief(verdict.complaints)}\n`] : []
    })
    const heading = `\nwrong in ${scenario.endpoint}: ${scenario.title}\n`
    return lines.length === 0 ? '' : heading + lines.join('')
  })
  return blocks.join('')
}

function brief(complaints: string[]): string {
  return complaints
    .map((text) => text.replaceAll(/\s+/g, ' '))
    .map((text) => (text.length > COMPLAINT_CHARS ? `${text.slice(0, COMPLAINT_CHARS)}…` : text))
    .join('; ')
}
