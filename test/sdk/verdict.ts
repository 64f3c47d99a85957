import type { Cell } from './cell.ts'
import type { ClientFailure } from './known.ts'

/** `client`: it fails in the same way without Tollkeeper. */
export type Verdict = { kind: 'right' | 'wrong' | 'client'; complaints: string[] }

/** Judges a cell. A failure is the client's own where it is known to be, and is so directly. */
export function judge(cell: Cell, known: ClientFailure | undefined): Verdict {
  const { complaints, bookComplaints } = cell
  if (complaints.length === 0) {
    if (!known) return verdict(bookComplaints)
    return verdict(['known.ts has it as a failure of the client, and it does not fail'])
  }
  if (!known) return verdict([...complaints, ...bookComplaints])
  if (known.shownBy || failsLikeDirect(cell)) return { kind: 'client', complaints: [] }
  return verdict([...complaints, 'known.ts has it, but directly the client does not fail so'])
}

function verdict(complaints: string[]): Verdict {
  return { kind: complaints.length === 0 ? 'right' : 'wrong', complaints }
}

function failsLikeDirect({ seen, direct, directComplaints }: Cell): boolean {
  if (direct === null || directComplaints.length === 0) return false
  const brief = ({ text, finish, tools, failure }: typeof seen) =>
    JSON.stringify([text, finish, tools, failure?.kind, failure?.name])
  return brief(seen) === brief(direct)
}

/** Directly the user would not be told of the failure, or would not get the answer. */
export function isBetter({ seen, direct, complaints, directComplaints }: Cell): boolean {
  if (direct === null || complaints.length > 0 || directComplaints.length === 0) return false
  const { failure } = direct
  const isUntold = failure === null || failure.kind === 'foreign' || failure.kind === 'hung'
  return isUntold || seen.failure === null
}
