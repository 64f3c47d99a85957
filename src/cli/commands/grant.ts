import { randomUUID } from 'node:crypto'
import type { Command, Output } from '../command.ts'
import { findAccountId } from '../find-account.ts'
import { postOnce } from '../post-once.ts'
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
    const sent = { credits: call.arg('credits'), reference }
    const advice = `The grant may have taken effect: repeat it with --reference ${reference}`
    const path = `/accounts/${id}/grants`
    const { body, created } = await postOnce<Grant>(call.client, path, sent, advice)
    return grantOutput(body, created)
  },
}

function grantOutput(body: Grant, created: boolean): Output {
  const { account, reference, credits } = body
  const done = created
    ? `Granted ${credits} credits to ${account.name}`
    : `Granted before, without a second effect: ${credits} credits to ${account.name}`
  const text = `${done}, ${account.available} available. Reference: ${reference}`
  return { json: body, text: printable(text) }
}
