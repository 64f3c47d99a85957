import { lists, sameData, vectors } from './expect.ts'
import { inOnePiece, type Media, once, type Scenario } from './scenario.ts'

/** The list of models: free, of the upstream and of the operator. */
export function models(): Scenario[] {
  return [
    {
      endpoint: 'models',
      title: 'the list',
      ability: 'models',
      call: { model: '' },
      terms: { credits: '0' },
      user: lists(['sandbox-echo', 'dear-echo']),
      requests: once,
      charge: 'nothing',
      direct: false,
    },
  ]
}

/** Numbers from an upstream that does not know base64, which most clients ask for. */
export function embeddingFormats(): Scenario[] {
  return [
    inOnePiece('embeddings', 'numbers for base64', {
      call: { model: 'sandbox-floats' },
      user: vectors(2, 8),
      requests: once,
      charge: 'some',
      outcome: 'completed',
    }),
  ]
}

/** An answer that is not text, in one piece. */
export function media(endpoint: Media): Scenario[] {
  return [
    inOnePiece(endpoint, 'an answer', {
      call: { model: 'sandbox-echo' },
      user: sameData,
      requests: once,
      charge: 'some',
      outcome: 'completed',
    }),
  ]
}
