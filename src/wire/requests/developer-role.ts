import { editMembers } from '../json/json-edits.ts'
import { editElements, textOfMember } from '../json/json-members.ts'

/**
 * Messages in which the role `system` stands for `developer`, for an upstream that knows no other
 * (W-22). Every other byte stays as it is.
 * @param messages the text of a JSON array, parsed before
 * @returns null where no message has that role
 */
export function developerAsSystem(messages: string): string | null {
  return editElements(messages, (message) =>
    isFromDeveloper(message) ? editMembers(message, { role: '"system"' }) : null,
  )
}

function isFromDeveloper(message: string): boolean {
  if (!message.startsWith('{')) return false
  const role = textOfMember(message, 'role')
  return role !== null && JSON.parse(role) === 'developer'
}
