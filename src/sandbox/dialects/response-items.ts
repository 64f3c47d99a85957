import type { Part } from '../answers/answer.ts'
import { replyText } from '../answers/reply.ts'

type Item = { readonly id: string; readonly type: string }

export function textPart(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

export function summaryPart(text: string): object {
  return { type: 'summary_text', text }
}

/** The output of a response: an item for what was searched, thought, said and called. */
export function itemsOf(parts: readonly Part[], searches = 0): Item[] {
  const said = parts.filter(({ field }) => field !== 'tool_name').map((part) => itemOf(parts, part))
  return [...searchItems(searches), ...said]
}

/** A call of the tool that searches the web. */
export function searchItems(count: number): Item[] {
  const action = { type: 'search', query: 'What does it cost?' }
  const search = (_: unknown, at: number) =>
    ({ id: `search_${at}`, type: 'web_search_call', status: 'completed', action }) as Item
  return Array.from({ length: count }, search)
}

/** Where in the output the item of a part stands. The name of a tool belongs to its arguments. */
export function itemIndex(parts: readonly Part[], part: Part): number {
  const before = parts.slice(0, parts.indexOf(part))
  return before.filter(({ field }) => field !== 'tool_name').length
}

export function itemOf(parts: readonly Part[], part: Part): Item {
  const id = `item_${itemIndex(parts, part)}`
  const text = replyText(part.reply)
  const status = 'completed'
  if (part.field === 'content') {
    return { id, type: 'message', status, role: 'assistant', content: [textPart(text)] } as Item
  }
  if (part.field === 'reasoning_content') {
    return { id, type: 'reasoning', status, summary: [summaryPart(text)] } as Item
  }
  const textOf = (field: Part['field']) => {
    const one = parts.find((other) => other.field === field)
    return one === undefined ? '' : replyText(one.reply)
  }
  const call = { call_id: 'call_sandbox', name: textOf('tool_name') }
  const args = textOf('tool_arguments')
  return { id, type: 'function_call', status, ...call, arguments: args } as Item
}
