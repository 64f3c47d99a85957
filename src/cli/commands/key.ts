import { SPEND_PERIODS } from '../../domain/tier.ts'
import type { List } from '../admin-client.ts'
import type { Call, Group, Option, Output } from '../command.ts'
import { findAccountId } from '../find-account.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { record } from '../table.ts'
import {
  readCountOrNone,
  readFutureOrNever,
  readModels,
  readOneOf,
  readTextOrNone,
} from '../values.ts'
import { readDuration } from '../when.ts'
import { KEY_COLUMNS, type Key, keysOf, type NewKey, newKeyText } from './key-body.ts'
import { rotate } from './rotate-key.ts'

const EXPIRES: Option = {
  value: '<time>',
  says: 'when it stops working: 30d, 2026-12-01, never',
  field: 'expires_at',
  read: readFutureOrNever,
}

const limit = (says: string): Option => ({ value: '<n|none>', says, read: readCountOrNone })

const SETTINGS: Record<string, Option> = {
  name: { value: '<name>', says: 'what it is for' },
  expires: EXPIRES,
  models: { value: '<a,b*|any>', says: 'only these models', read: readModels },
  'requests-per-minute': limit('requests a minute, at most'),
  'tokens-per-minute': limit('tokens a minute, at most'),
  concurrency: limit('requests at a time, at most'),
  'spend-limit': {
    value: '<credits|none>',
    says: 'credits it may spend in each period',
    read: readTextOrNone,
  },
  'spend-period': {
    value: '<period>',
    says: 'day or month (UTC), or for good: total (total)',
    read: readOneOf(SPEND_PERIODS),
  },
}

export const key: Group = {
  says: 'API keys of an account. A key is shown once.',
  commands: {
    create: {
      says: 'Makes a key of an account, and shows it once.',
      args: ['account'],
      options: SETTINGS,
      example: 'customer-1 --name laptop',
      run: create,
    },
    set: {
      says: 'Changes a key. What is not named stays as it is.',
      args: ['key'],
      options: SETTINGS,
      example: 'key_01980000-0000-7000-8000-000000000000 --requests-per-minute 60',
      run: async ({ client, arg, fields }) => keyOutput(await client.patch(pathOf(arg), fields)),
    },
    list: {
      says: 'Lists the keys of an account, newest first.',
      args: ['account'],
      options: PAGE_OPTIONS,
      example: 'customer-1',
      run: async (call) => {
        const id = await findAccountId(call, call.arg('account'))
        return listOutput(await call.client.get<List<Key>>(keysOf(id), call.fields), KEY_COLUMNS)
      },
    },
    revoke: {
      says: 'Ends a key at once and for good.',
      args: ['key'],
      options: {},
      example: 'key_01980000-0000-7000-8000-000000000000',
      run: async ({ client, arg }) => keyOutput(await client.delete(pathOf(arg))),
    },
    rotate: {
      says: 'Makes a new key like an old one, then revokes the old one.',
      args: ['key'],
      options: {
        grace: { value: '<time>', says: 'the old key works as long: 24h, 7d', read: readDuration },
        expires: { ...EXPIRES, says: 'of the new key (that of the old one)' },
      },
      example: 'key_01980000-0000-7000-8000-000000000000 --grace 24h',
      run: rotate,
    },
  },
}

function pathOf(arg: Call['arg']): string {
  return `/keys/${encodeURIComponent(arg('key'))}`
}

function keyOutput(body: Key): Output {
  return { json: body, text: record(body, KEY_COLUMNS) }
}

async function create(call: Call): Promise<Output> {
  const id = await findAccountId(call, call.arg('account'))
  const { body } = await call.client.post<NewKey>(keysOf(id), call.fields)
  return { json: body, text: newKeyText(body) }
}
