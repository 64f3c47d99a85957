import type { Instance } from '../instance.ts'
import type { Stage } from '../stage.ts'

/** Milliseconds in which an instance that is back learns that others took it for dead. */
const LEARNS_MS = 10_000

/** How an instance goes out of the others' sight, and comes back. */
type Absence = {
  /** Milliseconds: the others declare it dead after 15 s. */
  awayMs: number
  leave(victim: Instance, run: number): void
  comeBack(victim: Instance, run: number): void
}

/** Lets one instance after the other be declared dead while it lives, and come back. */
export async function playAbsences(stage: Stage, absence: Absence): Promise<void> {
  stage.load.begin(stage.size.streams)
  for (let run = 0; run < stage.size.runs; run++) {
    const victim = stage.turn(run)
    await stage.filled(victim)
    const before = stage.fenced()
    const back = stage.ledgerAway([victim])
    absence.leave(victim, run)
    await stage.rest(absence.awayMs)
    const fenced = stage.fenced() - before
    if (fenced !== 1) stage.broke(`${fenced} instances were declared dead, not 1`)
    absence.comeBack(victim, run)
    await stage.rest(LEARNS_MS)
    back()
    await stage.served(victim)
    stage.played()
  }
}
