import type { Part } from '../answers/answer.ts'
import { replyText } from '../answers/reply.ts'
import { finalUsage, type Script } from '../answers/script.ts'
import type { Dialect, Telling } from '../dialect.ts'
import { FAULT } from '../problem.ts'
import { lastUserText } from '../questions/chat-request.ts'
import {
  parseBody,
  type Question,
  readCount,
  readModel,
  readStream,
  readUser,
  textIn,
} from '../questions/question.ts'
import { readTuning } from '../questions/tuning.ts'
import { tokensOf } from '../tokens.ts'
import { failureEvent, NamedContent, namedEvent, type PartForm, withUsage } from './named.ts'
import { itemIndex, itemOf, itemsOf, searchItems, summaryPart, textPart } from './response-items.ts'

const RESPONSES: Dialect = {
  tell: tellResponse,
  whole: (script, usage) => responseJson(script, statusOf(script), usage),
}

/** POST /responses: the input is a text or a list of items. */
export function readResponse(text: string): Question {
  const body = parseBody(text)
  const { input = '', instructions } = body
  return {
    dialect: RESPONSES,
    body,
    model: readModel(body),
    stream: readStream(body),
    user: readUser(body),
    includeUsage: true,
    choices: 1,
    limitTokens: readCount(body, 'max_output_tokens'),
    said: Array.isArray(input) ? lastUserText(input) : textIn(input),
    promptTokens: tokensOf(textIn(instructions).length + textIn(input).length),
    tuning: readTuning(body.sandbox),
  }
}

type Write = (type: string, fields: object) => string

function tellResponse(script: Script): Telling {
  let sequence = 0
  const write: Write = (type, fields) =>
    namedEvent(script.card, type, { ...fields, sequence_number: sequence++ })
  const around = (type: string, status: string, usage = '"usage":null') =>
    write(`response.${type}`, { response: JSON.parse(responseJson(script, status, usage)) })
  const content = new NamedContent(script, (part) => formOf(script, part, write))
  return {
    opening: () => [
      around('created', 'in_progress'),
      around('in_progress', 'in_progress'),
      ...searchEvents(script, write),
    ],
    content: () => content.events(),
    closing() {
      const status = statusOf(script)
      return [content.rest, around(status, status, finalUsage(script))]
    },
    failure(fault) {
      if (fault === 'failed') return around('failed', 'failed')
      return failureEvent(script.card, { sequence_number: sequence++ })
    },
  }
}

/** The events of the searches, which come before anything is said. */
function searchEvents({ card: { searches = 0 } }: Script, write: Write): string[] {
  return searchItems(searches).flatMap((item, index) => {
    const at = { output_index: index }
    const step = (name: string) =>
      write(`response.web_search_call.${name}`, { ...at, item_id: item.id })
    return [
      write('response.output_item.added', { ...at, item: begun(item) }),
      ...['in_progress', 'searching', 'completed'].map(step),
      write('response.output_item.done', { ...at, item }),
    ]
  })
}

/** The events of a part: what a tool is called stands in the event that adds its item. */
function formOf({ answer, card }: Script, part: Part, write: Write): PartForm {
  const { parts } = answer
  const index = itemIndex(parts, part) + (card.searches ?? 0)
  const item = itemOf(parts, part)
  const output = { output_index: index }
  const added = () => write('response.output_item.added', { ...output, item: begun(item) })
  if (part.field === 'tool_name') return { before: () => [], piece: added, after: () => [] }
  const { kind, place, outer, whole } = TOLD[part.field]
  const at = { item_id: item.id, ...output, ...place }
  const text = replyText(part.reply)
  const around = (when: string, said: string) =>
    outer ? [write(`response.${outer.kind}.${when}`, { ...at, part: outer.part(said) })] : []
  return {
    before: () => (outer ? [added(), ...around('added', '')] : []),
    piece: (quoted) => write(`response.${kind}.delta`, { ...at, delta: JSON.parse(quoted) }),
    after: () => [
      write(`response.${kind}.done`, { ...at, [whole]: text }),
      ...around('done', text),
      write('response.output_item.done', { ...output, item }),
    ],
  }
}

type Told = {
  /** What the events of a piece are called. */
  kind: string
  /** Where in its item a piece stands. */
  place: object
  /** What is told around the pieces: a part of the item that they belong to. */
  outer: { kind: string; part(text: string): object } | null
  /** The field that has the whole text, when it has been said. */
  whole: string
}

const TOLD: Record<Exclude<Part['field'], 'tool_name'>, Told> = {
  content: {
    kind: 'output_text',
    place: { content_index: 0 },
    outer: { kind: 'content_part', part: textPart },
    whole: 'text',
  },
  reasoning_content: {
    kind: 'reasoning_summary_text',
    place: { summary_index: 0 },
    outer: { kind: 'reasoning_summary_part', part: summaryPart },
    whole: 'text',
  },
  tool_arguments: {
    kind: 'function_call_arguments',
    place: {},
    outer: null,
    whole: 'arguments',
  },
}

/** An item as it is before anything of it has been said, but for the name of a tool. */
function begun(item: object): object {
  const empty = { content: [], summary: [], arguments: '' }
  const known = Object.entries(empty).filter(([name]) => name in item)
  return { ...item, ...Object.fromEntries(known), status: 'in_progress' }
}

function statusOf({ answer }: Script): 'completed' | 'incomplete' {
  return answer.finish === 'length' ? 'incomplete' : 'completed'
}

function responseJson(script: Script, status: string, usage: string): string {
  const { card, envelope, answer, request } = script
  const isOver = status === 'completed' || status === 'incomplete'
  const response = {
    id: envelope.id.replace('chatcmpl-', 'resp_'),
    object: 'response',
    created_at: envelope.created,
    status,
    error: status === 'failed' ? { code: 'server_error', message: FAULT.message } : null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    model: request.model,
    output: isOver ? itemsOf(answer.parts, card.searches) : [],
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  }
  return withUsage(response, usage)
}
