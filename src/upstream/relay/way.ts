import { codingOf, decoderByBeginning } from '../../body/content-coding.ts'
import type { UpstreamListener } from '../call.ts'
import { DecodedSource } from './decoded-source.ts'
import type { Source } from './source.ts'

type Receiver = Omit<UpstreamListener, 'head'>

/** What an answer comes through: decoded, where the upstream compressed it. */
export type Way = { source: Source; receiver: Receiver }

/** How an answer of this content coding comes; null where the coding is unknown. */
export function wayOf(header: string | undefined, source: Source, receiver: Receiver): Way | null {
  const coding = codingOf(header)
  if (coding === null) return null
  if (coding === 'identity') return { source, receiver }
  const open = (first: Buffer) => decoderByBeginning(coding, first)
  const decoded = new DecodedSource(source, open, receiver)
  return { source: decoded, receiver: decoded }
}
