import { crc32 } from 'node:zlib'
import type { Settlement } from '../store/lanes/settle.ts'

/**
 * A settlement as a line of the journal: a checksum in 8 hex digits, a space, JSON, a line feed.
 */
export function toLine(settlement: Settlement): string {
  const json = toJson(settlement)
  return `${checksum(json)} ${json}\n`
}

/** The settlements of a file, and how many lines were torn, damaged, or never ours. */
export function fromText(text: string): { records: Settlement[]; unreadable: number } {
  const lines = text.split('\n').filter((line) => line !== '')
  const records = lines.flatMap((line) => fromLine(line) ?? [])
  return { records, unreadable: lines.length - records.length }
}

/** The settlement on a line; null where the line was torn or damaged, and must not be believed. */
export function fromLine(line: string): Settlement | null {
  const json = line.slice(9)
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) return null
  const settlement = JSON.parse(json)
  return { ...settlement, cost: BigInt(settlement.cost) }
}

/** A settlement that Postgres refuses, with its reason: a line of JSON for people. */
export function toRefusedLine(settlement: Settlement, reason: string, at: Date): string {
  return `${JSON.stringify({ at, reason, ...JSON.parse(toJson(settlement)) })}\n`
}

function toJson(settlement: Settlement): string {
  return JSON.stringify({ ...settlement, cost: settlement.cost.toString() })
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0')
}
