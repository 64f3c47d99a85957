import type { List } from '../admin-client.ts'
import type { Command } from '../command.ts'
import { findAccountId } from '../find-account.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { type Columns, moment } from '../table.ts'

type Entry = {
  seq: number
  kind: string
  amount: string
  balance_after: string
  request_id: string | null
  reference: string | null
  reason: string | null
  created_at: string
}

const COLUMNS: Columns<Entry> = {
  seq: (entry) => entry.seq,
  time: (entry) => moment(entry.created_at),
  kind: (entry) => entry.kind,
  amount: (entry) => entry.amount,
  balance: (entry) => entry.balance_after,
  request: (entry) => entry.request_id,
  reference: (entry) => entry.reference,
  reason: (entry) => entry.reason,
}

export const ledger: Command = {
  says: 'Lists every movement of its credits, newest first.',
  args: ['account'],
  options: PAGE_OPTIONS,
  example: 'customer-1 --limit 200',
  run: async (call) => {
    const path = `/accounts/${await findAccountId(call, call.arg('account'))}/ledger`
    return listOutput(await call.client.get<List<Entry>>(path, call.fields), COLUMNS)
  },
}
