import { asObject } from '../answers/answer.ts'
import { type Edit, type Edits, editMembers } from '../json/json-edits.ts'

type Choice = Record<string, unknown>

/** What some upstreams call the reasons for which an answer ends. */
const FINISHES = new Map([
  ['', 'null'],
  ['eos_token', '"stop"'],
  ['eos', '"stop"'],
  ['end_turn', '"stop"'],
  ['stop_sequence', '"stop"'],
  ['max_tokens', '"length"'],
  ['model_length', '"length"'],
])

/** Whether the members that chunks and whole answers have in common are as clients need them. */
export function isSoundChoice(choice: Choice): boolean {
  const { index, finish_reason: finish } = choice
  if (index === undefined || index === null) return false
  return typeof finish !== 'string' || finishOf(choice) === undefined
}

/**
 * What a finish_reason has to become; undefined where it may stay. An empty one stays at the end
 * of a choice that has no other: some clients take a null there for a stream that broke off.
 */
function finishOf({ finish_reason: finish, delta }: Choice): string | undefined {
  const isEnd = delta !== undefined && Object.keys(asObject(delta) ?? {}).length === 0
  return finish === '' && isEnd ? undefined : FINISHES.get(finish as string)
}

/**
 * What has to change of a choice (W-72, W-73): its place where it tells none, and the reason of
 * its end in the words that clients know.
 */
export function choiceEdits(choice: Choice, position: number): Edits {
  const { index } = choice
  const edits: Edits = {}
  if (index === undefined || index === null) edits.index = String(position)
  const known = finishOf(choice)
  if (known !== undefined) edits.finish_reason = known
  return edits
}

/**
 * A whole answer whose choices strict clients can read (W-73): each has its place, and that of a
 * chat a message with a role.
 * @param choices what the text says
 * @returns null where the answer stays as it is
 */
export function repairedAnswer(body: string, choices: unknown[], isChat: boolean): string | null {
  const isSound = (one: unknown) => {
    const choice = asObject(one)
    return choice === null || (isSoundChoice(choice) && (!isChat || hasRole(choice)))
  }
  if (choices.every(isSound)) return null
  const edits = choices.map((one, position) => {
    const choice = asObject(one)
    if (choice === null) return undefined
    const message = isChat && !hasRole(choice) ? { message: withRole(choice) } : {}
    return { ...choiceEdits(choice, position), ...message }
  })
  return editMembers(body, { choices: edits })
}

function hasRole({ message }: Choice): boolean {
  return Boolean(asObject(message)?.role)
}

function withRole({ message }: Choice): Edit {
  return asObject(message) ? { role: '"assistant"' } : '{"role":"assistant","content":null}'
}
