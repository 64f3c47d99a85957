import type { AdminClient, List } from './admin-client.ts'
import type { Account } from './commands/account.ts'
import { CliError } from './failure.ts'

const ACCOUNT_ID = /^acc_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The acc_ id of an account that is named by it, or by its external id. */
export async function findAccountId(
  { client, program }: { client: AdminClient; program: string },
  name: string,
): Promise<string> {
  if (ACCOUNT_ID.test(name)) return name
  const { data } = await client.get<List<Account>>('/accounts', { external_id: name })
  if (data[0]) return data[0].id
  throw new CliError(
    `There is no account with the id or external id ${name}: see "${program} account list".`,
  )
}
