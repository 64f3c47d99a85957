import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { takeStep } from '../store/prices/correction-steps.ts'
import { correctionTotals, largestCorrections } from '../store/prices/correction-totals.ts'
import {
  type CorrectionPlace,
  enterCorrection,
  type NewCorrection,
  type PriceCorrection,
  readCorrection,
} from '../store/prices/price-corrections.ts'
import { type CorrectionFigures, LARGEST_MAX } from './report.ts'
import { Repricer } from './repriced-pages.ts'

/** How a correction is worked through. */
export type CorrectionPace = {
  /** Requests that one step passes by. */
  rows: number
  /** Milliseconds that one call works on a correction: whoever repeats it brings it further. */
  turnMs: number
}

const PACE: CorrectionPace = { rows: 1_000, turnMs: 10_000 }

/**
 * `done`: all of it has taken effect; `isNew` tells whether that was this call's. `running`: the
 * same call brings it further. `conflict`: the reference stands for another correction.
 */
export type AppliedCorrection =
  | { outcome: 'conflict' }
  | {
      outcome: 'running' | 'done'
      isNew: boolean
      correction: PriceCorrection
      figures: CorrectionFigures
    }

/**
 * Corrects requests once a reference, page by page, each of which is one statement. Whatever ends
 * it half way, the next call goes on where it stood.
 */
export async function applyCorrection(
  db: PostgresJsDatabase,
  asked: NewCorrection,
  pace = PACE,
): Promise<AppliedCorrection> {
  const entered = await enterCorrection(db, asked)
  if (!isSame(entered, asked)) return { outcome: 'conflict' }
  const isNew = entered.phase !== 'done'
  if (isNew) await goOn(db, entered, pace)
  const { reference } = entered
  const correction = await readCorrection(db, reference)
  const figures = {
    totals: await correctionTotals(db, reference),
    largest: await largestCorrections(db, reference, LARGEST_MAX),
    leftAlone: correction.leftAlone,
    assumedMarkups: correction.assumedMarkups,
  }
  const outcome = correction.phase === 'done' ? 'done' : 'running'
  return { outcome, isNew, correction, figures }
}

/** Takes steps until it is done, or for a while; at least one. */
async function goOn(
  db: PostgresJsDatabase,
  correction: PriceCorrection,
  { rows, turnMs }: CorrectionPace,
): Promise<void> {
  const { reference } = correction
  const repricer = await Repricer.open(db, correction, correction.asOf)
  const deadline = performance.now() + turnMs
  let place: CorrectionPlace = correction
  do {
    const page = await repricer.page(place.cursor, rows)
    const isFirstPhase = place.phase === 'give'
    place = await takeStep(db, {
      reference,
      from: place,
      last: page.last,
      requests: page.requests,
      leftAlone: isFirstPhase ? page.leftAlone : 0,
      assumedMarkups: isFirstPhase ? page.assumedMarkups : 0,
    })
  } while (place.phase !== 'done' && performance.now() < deadline)
}

/** The reason may be told in other words. */
function isSame(correction: PriceCorrection, asked: NewCorrection): boolean {
  return (
    correction.provider === asked.provider &&
    correction.model === asked.model &&
    correction.since.getTime() === asked.since.getTime() &&
    correction.until?.getTime() === asked.until?.getTime()
  )
}
