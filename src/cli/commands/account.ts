import type { List } from '../admin-client.ts'
import type { Call, Group, Option, Output } from '../command.ts'
import { UsageError } from '../failure.ts'
import { findAccountId } from '../find-account.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { type Columns, moment, printable, record } from '../table.ts'
import { readOneOf } from '../values.ts'
import { ledger } from './ledger.ts'

export type Account = {
  id: string
  name: string
  external_id: string | null
  tier: string
  status: string
  posted: string
  held: string
  available: string
  created_at: string
}

/** What the background audit found, and nobody has lifted. */
export type KeptViolation = { rule: string; detail: string; found_at: string }

/** GET /admin/accounts/:id. */
type WatchedAccount = Account & { violations?: KeptViolation[] }

const COLUMNS: Columns<Account> = {
  id: (account) => account.id,
  name: (account) => account.name,
  'external id': (account) => account.external_id,
  tier: (account) => account.tier,
  status: (account) => account.status,
  posted: (account) => account.posted,
  held: (account) => account.held,
  available: (account) => account.available,
}

const TIER = { value: '<tier>', says: 'what it may use, and how fast' }
const STATUSES = ['active', 'suspended', 'closed']
const STATUS: Option = {
  value: '<status>',
  says: 'active (lifts a freeze), suspended or closed',
  read: readOneOf(STATUSES),
}

export const account: Group = {
  says: 'Who owns credits: named by acc_ id or external id.',
  commands: {
    create: {
      says: 'Makes an account. The same external id again: the same account, nothing changed.',
      args: ['name'],
      options: {
        'external-id': { value: '<id>', says: 'your own name for it' },
        tier: { ...TIER, says: 'what it may use, and how fast (default)' },
        credits: { value: '<credits>', says: 'granted once, at its creation' },
      },
      example: 'Ada --external-id customer-1 --credits 50',
      run: create,
    },
    list: {
      says: 'Lists accounts, newest first.',
      args: [],
      options: {
        'external-id': { value: '<id>', says: 'only the one with it' },
        status: {
          value: '<status>',
          says: 'only the active, suspended, closed or frozen',
          read: readOneOf([...STATUSES, 'frozen']),
        },
        ...PAGE_OPTIONS,
      },
      example: '--status active',
      run: async ({ client, fields }) =>
        listOutput(await client.get<List<Account>>('/accounts', fields), COLUMNS),
    },
    show: {
      says: 'Shows an account and its credits, and why it is frozen.',
      args: ['account'],
      options: {},
      example: 'customer-1',
      run: async (call) => {
        const id = await findAccountId(call, call.arg('account'))
        const body = await call.client.get<WatchedAccount>(`/accounts/${id}`)
        return accountOutput(body, (body.violations ?? []).map(violationLine).join('\n'))
      },
    },
    ledger,
    set: {
      says: 'Changes an account.',
      args: ['account'],
      options: { name: { value: '<name>', says: 'another name' }, tier: TIER, status: STATUS },
      example: 'customer-1 --tier free',
      run: set,
    },
  },
}

export function accountOutput(body: Account, note = ''): Output {
  const columns = { ...COLUMNS, created: (one: Account) => moment(one.created_at) }
  return { json: body, text: record(body, columns) + (note && `\n${note}`) }
}

export function violationLine({ rule, detail, found_at }: KeptViolation): string {
  return printable(`${moment(found_at)}  ${rule}: ${detail}`)
}

async function create({ client, arg, fields }: Call): Promise<Output> {
  const made = { name: arg('name'), ...fields }
  const { body, created } = await client.post<Account>('/accounts', made)
  return accountOutput(body, created ? '' : 'It was there before: nothing has changed.')
}

async function set(call: Call): Promise<Output> {
  if (Object.keys(call.fields).length === 0) {
    throw new UsageError('Name what to change: --name, --tier or --status.')
  }
  const id = await findAccountId(call, call.arg('account'))
  return accountOutput(await call.client.patch(`/accounts/${id}`, call.fields))
}
