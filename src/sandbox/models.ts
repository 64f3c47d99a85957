import type { ServerResponse } from 'node:http'
import { CARDS } from './cards/cards.ts'
import { Problem, sendJson } from './problem.ts'

/** Seconds since 1970 of the day the first card was written: a list must not change by itself. */
const CREATED = 1_763_769_600

/** GET /models: every card, what it does in `description`. */
export function listModels(res: ServerResponse): void {
  const data = Object.keys(CARDS).map((id) => modelOf(id))
  sendJson(res, 200, JSON.stringify({ object: 'list', data }))
}

/** GET /models/{id}: one card. Throws a Problem (404) for a name that has none. */
export function readModel(res: ServerResponse, id: string): void {
  if (!Object.hasOwn(CARDS, id)) {
    throw new Problem(404, `The model '${id}' does not exist.`, 'model_not_found', 'model')
  }
  sendJson(res, 200, JSON.stringify(modelOf(id)))
}

function modelOf(id: string): object {
  const description = CARDS[id]?.says
  return { id, object: 'model', created: CREATED, owned_by: 'tollkeeper-sandbox', description }
}
