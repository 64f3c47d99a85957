import type { Command, Group } from './command.ts'
import { account } from './commands/account.ts'
import { adjust } from './commands/adjust.ts'
import { audit } from './commands/audit.ts'
import { doctor } from './commands/doctor.ts'
import { grant } from './commands/grant.ts'
import { key } from './commands/key.ts'
import { model } from './commands/model.ts'
import { price } from './commands/price.ts'
import { provider } from './commands/provider.ts'
import { request } from './commands/request.ts'
import { tier } from './commands/tier.ts'
import { usage } from './commands/usage.ts'

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, Command | Group>> = {
  account,
  key,
  grant,
  adjust,
  tier,
  provider,
  doctor,
  model,
  price,
  usage,
  request,
  audit,
}

export function isGroup(entry: Command | Group): entry is Group {
  return 'commands' in entry
}
