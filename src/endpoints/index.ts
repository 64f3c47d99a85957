import { chatCompletions } from './chat-completions.ts'
import { completions } from './completions.ts'
import { countTokens } from './count-tokens.ts'
import { embeddings } from './embeddings.ts'
import type { Endpoint } from './endpoint.ts'
import { imageEdits } from './image-edits.ts'
import { imageGenerations } from './image-generations.ts'
import { messages } from './messages.ts'
import { moderations } from './moderations.ts'
import { responses } from './responses.ts'
import { speech } from './speech.ts'
import { transcriptions, translations } from './transcriptions.ts'

/** Every endpoint that costs credits or reaches an upstream. What is not here does not exist. */
export const ENDPOINTS: readonly Endpoint[] = [
  chatCompletions,
  completions,
  responses,
  messages,
  countTokens,
  embeddings,
  moderations,
  imageGenerations,
  imageEdits,
  speech,
  transcriptions,
  translations,
]
