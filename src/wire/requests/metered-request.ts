import type { Profile } from '../profile.ts'
import type { PromptMeasure } from './prompt.ts'

/** What is read of any request, whatever its endpoint: enough to route, hold and settle it. */
export type MeteredRequest = {
  model: string
  stream: boolean
  prompt: PromptMeasure
  /** Outputs of a text model that share the prompt: each may reach the limit. */
  choices: number
  /** The client's output limit in tokens a choice; null when it set none. */
  outputLimit: number | null
  /** The most output tokens where they follow from the request, and no limit can lower them. */
  fixedOutput: number | null
  /** What requests that share a prompt have in common; null or left out where nobody says. */
  stickyKey?: string | null
}

/** What may be changed of a body on its way upstream. */
export type Change = {
  upstreamModel: string
  /** A limit lowered to what is held; null leaves the client's. */
  outputLimit: number | null
  profile?: Profile
}

type Bodied = MeteredRequest &
  Partial<Record<'text' | 'fields' | 'form' | 'streamOptions', unknown>>

/** What is still asked of a request once its answer has begun: the same without its body. */
export function withoutBody(request: Bodied): MeteredRequest {
  const { text, fields, form, streamOptions, ...facts } = request
  return facts
}
