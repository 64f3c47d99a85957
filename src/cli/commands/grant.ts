import { randomUUID } from 'node:crypto'
import type { Call, Command, Output } from '../command.ts'
import { ApiError, CliError } from '../failure.ts'
import { findAccountId } from '../find-account.ts'
import { printable } from '../table.ts'
import type { Account } from './account.ts'

type Grant = { account: Account; reference: string; credits: string }

export const grant: Command = {
  says: 'Puts credits into an account, once for each reference.',
  args: ['account', 'credits'],
  options: {
    reference: { value: '<text>', says: 'what it is for, such as an invoice (a new one)' },
  },
  example: 'customer-1 12.5 --reference invoice-7',
  run: async (call) => {
    const id = await findAccountId(call, call.arg('account'))
    const reference = (call.fields.reference as string | undefined) ?? `cli-${randomUUID()}`
    const { body, created } = await put(call, id, reference)
    return grantOutput(body, created)
  },
}

/** Where the answer is lost, nobody knows whether it took effect: the reference has to survive. */
async function put({ client, arg }: Call, id: string, reference: string) {
  try {
    const body = { credits: arg('credits'), reference }
    return await client.post<Grant>(`/accounts/${id}/grants`, body)
  } catch (error) {
    if (!(error instanceof CliError) || (error instanceof ApiError && error.status < 500)) {
      throw error
    }
    throw new CliError(
      `${error.message} The grant may have taken effect: repeat it with --reference ${reference}`,
    )
  }
}

function grantOutput(body: Grant, created: boolean): Output {
  const { account, reference, credits } = body
  const done = created
    ? `Granted ${credits} credits to ${account.name}`
    : `Granted before, without a second effect: ${credits} credits to ${account.name}`
  const text = `${done}, ${account.available} available. Reference: ${reference}`
  return { json: body, text: printable(text) }
}
