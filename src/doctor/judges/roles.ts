import { type Finding, found, ok, unknown } from '../finding.ts'
import { type Heard, inWords, isAnswered, isSuccess } from '../heard.ts'
import type { Observed } from '../observed.ts'

/** Statuses that say nothing about the role of a message. */
const PASSING = new Set([401, 402, 403, 408, 429, 502, 503, 504])

/** Whether it takes messages of the role `developer`, which newer clients send. */
export function judgeRoles({ developer, system }: Observed): Finding[] {
  if (developer === null) return []
  if (isSuccess(developer)) return [ok('developer_role', 'accepted')]
  const said = inWords(developer)
  if (!refusesRole(developer)) return [unknown('developer_role', said)]
  if (isSuccess(system)) {
    return [
      found('developer-role-refused', `${said}; system is accepted`, { developerRole: 'system' }),
    ]
  }
  if (!refusesRole(system)) return [unknown('developer_role', said)]
  return [found('system-role-refused', `${said}; as system it ${inWords(system)}`)]
}

function refusesRole(heard: Heard | null): boolean {
  return isAnswered(heard) && heard.status >= 400 && !PASSING.has(heard.status)
}
