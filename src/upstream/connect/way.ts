import { beginsCoded, decoderOf } from '../../body/content-coding.ts'
import type { UpstreamListener } from '../call.ts'
import { DecodedSource } from '../relay/decoded-source.ts'
import type { Source } from '../relay/source.ts'

type Receiver = Omit<UpstreamListener, 'head'>

/** What an answer comes through: decoded, where the upstream compressed it. */
export type Way = { source: Source; receiver: Receiver }

/** How an answer of this content coding comes; null where the coding is unknown. */
export function wayOf(coding: string | undefined, source: Source, receiver: Receiver): Way | null {
  const decoder = decoderOf(coding)
  if (decoder === undefined) return null
  if (decoder === null) return { source, receiver }
  const decoded = new DecodedSource(source, decoder, receiver, (first) =>
    beginsCoded(coding, first),
  )
  return { source: decoded, receiver: decoded }
}
