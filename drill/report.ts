import type { Seen } from './client.ts'
import type { Kind, Verdict } from './verdict.ts'

/** Findings of a kind that are told; the rest is counted. */
const TOLD_MAX = 5

const COUNTED: Kind[] = ['lost', 'double', 'overdraft', 'stuck']
const COLUMNS = ['runs', 'admitted', ...COUNTED, 'deviation', 'other']
const NAME_WIDTH = 14

/** The names of the columns. */
export function header(): string {
  return line('fault', COLUMNS)
}

/** One line a fault; zeros from the third column on are what it is about. */
export function faultLine(name: string, runs: number, verdict: Verdict): string {
  const counts = COUNTED.map((kind) => count(verdict, kind))
  const { admitted, deviation } = verdict
  return line(name, [runs, admitted, ...counts, deviation, count(verdict, 'other')])
}

/** What the users met, and what the ledger had to do about it. */
export function summary(seen: readonly Seen[], verdict: Verdict): string[] {
  const { swept, late, crashMiss, givenUp } = verdict
  const endings = Map.groupBy(seen, ({ ending, code }) =>
    ending === 'refused' || ending === 'broken' ? `${ending} ${code}` : `${ending}`,
  )
  const counts = [...endings].map(([ending, those]) => `${those.length} ${ending}`)
  const crashes = `${swept} settled as crashed, ${late} corrected by a late result`
  const told = [counts.join(', '), `${crashes}, a crash missed ${crashMiss} tokens at most`]
  if (givenUp.attempts === 0) return told
  const cost = `${givenUp.tokens} tokens that nobody is charged`
  return [...told, `${givenUp.attempts} attempts were given up for another route: ${cost}`]
}

/** The findings as sentences, the first of each kind. */
export function findings({ findings }: Verdict): string[] {
  return [...Map.groupBy(findings, ({ kind }) => kind)].flatMap(([kind, those]) => {
    const told = those.slice(0, TOLD_MAX).map(({ what }) => `${kind}: ${what}`)
    const rest = those.length - told.length
    return rest > 0 ? [...told, `${kind}: and ${rest} more`] : told
  })
}

function count({ findings }: Verdict, kind: Kind): number {
  return findings.filter((finding) => finding.kind === kind).length
}

function line(name: string, cells: (string | number)[]): string {
  const padded = cells.map((cell, at) => String(cell).padStart((COLUMNS[at] as string).length + 2))
  return name.padEnd(NAME_WIDTH) + padded.join('')
}
