import { CHECKS, LAST_CHECKS } from './checks/list.ts'
import type { Column, Tried } from './run.ts'

/** Spaces between two columns. */
const GAP = '  '
/** Characters that are shown of what is wrong. */
const WRONG_CHARS = 400

type Ran = Extract<Tried, { kind: 'ran' }>

/** The servers with their versions and what the doctor says, or why they were skipped. */
export function renderServers(tried: Tried[]): string {
  const lines = tried.flatMap((one) => {
    const { name } = one.server
    if (one.kind === 'skipped') return [`${name} is skipped: ${one.reason}`]
    if (one.kind === 'failed') return [`${name} (${one.version}) FAILED: ${one.reason}`]
    const { preset, findings, profile } = one.diagnosis
    const quirks = findings.flatMap(({ quirk, verdict, about }) => {
      if (verdict === 'unknown') return [`${about} unknown`]
      return quirk === null ? [] : [quirk]
    })
    return [
      `${name} is ${one.version}`,
      `  the doctor takes it for ${preset ?? 'no server it knows'}: ${quirks.join(', ') || 'well'}`,
      `  ${Object.entries(profile)
        .map((setting) => setting.join('='))
        .join(' ')}`,
    ]
  })
  return `${lines.join('\n')}\n`
}

/** Each check in each way to have each server. */
export function renderTable(tried: Tried[]): string {
  const columns = tried.filter((one) => one.kind === 'ran').flatMap(columnsOf)
  if (columns.length === 0) return ''
  const titles = [...CHECKS, ...LAST_CHECKS]
    .map(([title]) => title)
    .filter((title) => columns.some(({ verdicts }) => verdicts.has(title)))
  const rows = titles.map((title) => [title, ...columns.map((column) => cellOf(column, title))])
  const heads = [
    ['', ...columns.map(({ name }) => name)],
    ['', ...columns.map(({ provider }) => provider)],
  ]
  const table: string[][] = [...heads, ...rows]
  const widths = heads[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)))
  const lines = table.map((row) => row.map((cell, at) => cell.padEnd(widths?.[at] ?? 0)).join(GAP))
  return `\n${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** Why a server can not do something, and what is wrong. */
export function renderReasons(tried: Tried[]): string {
  const said = tried
    .filter((one) => one.kind === 'ran')
    .flatMap((one) =>
      columnsOf(one).flatMap(({ name, provider, verdicts }) =>
        [...verdicts].flatMap(([title, { kind, says }]) => {
          if (kind === 'right') return []
          const text = says.replaceAll(/\s+/g, ' ').slice(0, WRONG_CHARS)
          if (kind === 'lacks') return [`- ${name}: ${title}: ${text}`]
          return [`wrong: ${name} (${provider}): ${title}: ${text}`]
        }),
      ),
    )
  return said.length === 0 ? '' : `\n${[...new Set(said)].join('\n')}\n`
}

function columnsOf({ server, columns }: Ran): (Column & { name: string })[] {
  return columns.map((column) => ({ ...column, name: server.name }))
}

function cellOf({ verdicts }: Column, title: (typeof CHECKS)[number][0]): string {
  const verdict = verdicts.get(title)
  if (verdict === undefined) return ''
  if (verdict.kind === 'lacks') return '-'
  return verdict.kind === 'wrong' ? 'WRONG' : verdict.says
}
