import type { Call, Failure, Observed, Tool } from '../clients/client.ts'
import { shownAs } from './error-names.ts'
import type { Expectation, Scenario } from './scenario.ts'

type Endpoint = Scenario['endpoint']

/** The names that clients have for the end of an answer that is complete. */
const STOPPED = /^(stop|end_turn|completed)$/
const CALLED_TOOLS = /^(tool[_-](calls|use)|completed)$/

/** A complete answer that repeats the prompt, and with usage where it was asked for. */
export const whole: Expectation = (seen, call, direct) => [
  ...noFailure(seen),
  ...differs('text', seen.text, call.told),
  ...finishes(STOPPED, seen, call),
  ...usageAsAsked(seen, call.asksUsage, direct),
]

/** A complete answer that calls tools. */
export function callsTools(tools: Tool[]): Expectation {
  return (seen, call, direct) => [
    ...noFailure(seen),
    ...differs('tools', seen.tools, tools),
    ...finishes(CALLED_TOOLS, seen, call),
    ...usageAsAsked(seen, call.asksUsage, direct),
  ]
}

/** The client's own error class for this status, before any text. */
export function refused(endpoint: Endpoint, status: number, code: string): Expectation {
  const failure = { kind: 'status', status, code: shownAs(endpoint, code, status) }
  return (seen) => [
    ...differs('text', seen.text, ''),
    ...differs('failure', briefly(seen.failure), failure),
  ]
}

/** The beginning of the answer, then the client's own error for a stream that broke. */
export function broken(endpoint: Endpoint, code: string): Expectation {
  const failure = { kind: 'stream', status: null, code: shownAs(endpoint, code, 200) }
  return (seen, { told }) => [
    ...(isBeginning(seen.text, told) ? [] : [`text is ${quote(seen.text)}`]),
    ...differs('failure', briefly(seen.failure), failure),
  ]
}

/** The client's own error for its own timeout; the AI SDK sometimes says that it was aborted. */
export const timedOut: Expectation = ({ failure }) =>
  failure?.kind === 'timeout' || failure?.kind === 'abort'
    ? []
    : [`failure is ${quote(briefly(failure))}`]

/** Some of the answer, and no error but the one that the client has for being told to stop. */
export const left: Expectation = (seen) => [
  ...(seen.text === '' ? ['no text'] : []),
  ...(seen.failure === null || seen.failure.kind === 'abort' ? [] : noFailure(seen)),
]

/** What is no text, as the client shows it without Tollkeeper. */
export const sameData: Expectation = (seen, _, direct) => [
  ...noFailure(seen),
  ...(seen.data === null && seen.text === '' ? ['no data'] : []),
  ...(direct === null ? [] : differs('data', seen.data, direct.data)),
  ...(direct === null ? [] : differs('text', seen.text, direct.text)),
  ...(direct === null ? [] : differs('usage', seen.usage, direct.usage)),
]

/** So many vectors, each of so many numbers. */
export function vectors(count: number, size: number): Expectation {
  return (seen) => {
    const data = seen.data as number[][] | null
    const sizes = data?.map((vector) => vector.filter(Number.isFinite).length)
    return [...noFailure(seen), ...differs('sizes', sizes, Array(count).fill(size))]
  }
}

/** The beginning of the answer, and a sign that it did not become whole. */
export const toldOfFailure: Expectation = (seen, { told }) => [
  ...(isBeginning(seen.text, told) ? [] : [`text is ${quote(seen.text)}`]),
  ...(seen.failure?.kind === 'stream' || seen.finish === 'failed' ? [] : ['nobody is told']),
]

/** A list of models that has these. */
export function lists(ids: string[]): Expectation {
  return (seen) => {
    const missing = ids.filter((id) => !(seen.data as string[] | null)?.includes(id))
    return [...noFailure(seen), ...missing.map((id) => `${id} is not listed`)]
  }
}

/** The end has a name that says so, where the client shows one. */
function finishes(name: RegExp, { finish }: Observed, { hidden }: Call): string[] {
  return hidden.includes('finish') || name.test(finish ?? '') ? [] : [`finish is ${finish}`]
}

function noFailure({ failure }: Observed): string[] {
  if (failure === null) return []
  return [`fails: ${failure.kind} ${failure.name} ${failure.status ?? ''}: ${failure.message}`]
}

/**
 * Usage is there when asked for, and is what the upstream says where it says it. Unasked it is
 * there only where the client asks by itself, and so gets it directly too.
 */
function usageAsAsked(seen: Observed, asked: boolean, direct: Observed | null): string[] {
  if (seen.usage === null) return asked ? ['no usage'] : []
  if (direct === null || direct.failure !== null) return []
  if (direct.usage === null && asked) return []
  return differs('usage', seen.usage, direct.usage)
}

const isBeginning = (text: string, whole: string): boolean =>
  text !== '' && text !== whole && whole.startsWith(text)

function briefly(failure: Failure | null) {
  if (failure === null) return null
  const { kind, status, code } = failure
  return { kind, status, code }
}

/** One complaint where two values differ. */
export function differs(what: string, is: unknown, wanted: unknown): string[] {
  const [left, right] = [JSON.stringify(is), JSON.stringify(wanted)]
  return left === right ? [] : [`${what} is ${quote(is)}, not ${quote(wanted)}`]
}

/** Characters of a value that a complaint shows. */
const QUOTED_CHARS = 200

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text
}
