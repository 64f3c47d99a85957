import { countClasses } from '../domain/prices/price-classes.ts'
import { CLASS_NAMES, PART_NAMES } from '../domain/prices/price-terms.ts'
import type { SettleAnswer } from '../store/lanes/settle.ts'
import type { RequestRecord } from '../store/request-record.ts'
import type { Definer } from './definer.ts'
import { type KnownNames, labelsOf } from './names.ts'

/** The classes of tokens under the names that prices have: each token is in one. */
const CLASSES = Object.entries({ ...CLASS_NAMES, ...PART_NAMES })

/** Counts the tokens and the money of each hold that is settled, from its record. */
export function createChargeMetrics({ counter }: Definer, known: KnownNames) {
  const tokens = counter('tokens_total', 'Tokens charged, by the class of their price.', [
    'class',
    'usage_source',
    'provider',
    'model',
  ])
  const charges = counter('charged_microcredits_total', 'Micro-credits charged.', [
    'provider',
    'model',
  ])
  const losses = counter(
    'uncollected_microcredits_total',
    'Micro-credits of cost above what could be charged.',
    ['provider', 'model'],
  )

  return (record: RequestRecord, charge: NonNullable<SettleAnswer>): void => {
    const labels = labelsOf(record, known)
    const { usageSource } = record
    if (usageSource !== null) {
      const counts = countClasses(record)
      for (const [name, key] of CLASSES) {
        if (counts[key] <= 0) continue
        tokens.inc({ class: name, usage_source: usageSource, ...labels }, counts[key])
      }
    }
    // What a late result corrects was counted as crashed, and a counter takes nothing back.
    const taken = charge.correction ?? charge.charged
    // Metrics are floating point, exact up to 2^53 micro-credits: the ledger is what counts.
    charges.inc(labels, Math.max(0, Number(taken)))
    losses.inc(labels, Number(charge.uncollected))
  }
}
