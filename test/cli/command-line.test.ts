import { expect, test } from 'vitest'
import { misuse, runCli } from './tollkeeper.ts'

/** No command line here is good enough to send a request. */
const said = async (...args: string[]) => misuse(await runCli(args))

test('an unknown command is answered with those there are', async () => {
  expect(await said('acount', 'list')).toBe(
    'There is no command "acount": it must be one of account, key, grant, adjust, tier, ' +
      'provider, doctor, model, price, usage, request, audit; see "tollkeeper --help"',
  )
  expect(await said('constructor')).toMatch(/^There is no command "constructor"/)
  expect(await said('--version')).toMatch(/^A command is missing: it must be one of account, /)
})

test('a group without a command, or with an unknown one, is answered with those there are', async () => {
  const expected = /^The command key needs one of create, set, list, revoke, rotate after it; see "/
  expect(await said('key')).toMatch(expected)
  expect(await said('key', 'delete')).toMatch(expected)
  expect(await said('key', 'constructor')).toMatch(expected)
})

test('a missing argument is named', async () => {
  expect(await said('grant', 'ada')).toBe('<credits> is missing; see "tollkeeper grant --help"')
  expect(await said('key', 'create', '')).toBe(
    '<account> is missing; see "tollkeeper key create --help"',
  )
})

test('an argument too many is named', async () => {
  expect(await said('grant', 'ada', '5', '6')).toMatch(/^"6" is one argument too many; see/)
  expect(await said('grant', '--account', 'ada', '5', '6')).toMatch(/^"6" is one argument too many/)
})

test('an unknown option is named', async () => {
  expect(await said('audit', '--fast')).toBe(
    'There is no option --fast; see "tollkeeper audit --help"',
  )
  expect(await said('grant', 'ada', '-x')).toMatch(/^There is no option -x;/)
})

test('an option without its value is named, and one with a value too many', async () => {
  expect(await said('account', 'list', '--limit')).toMatch(/^The option --limit needs a value/)
  expect(await said('account', 'list', '--limit', '--json')).toMatch(
    /^The option --limit needs a value; one with a dash first is written --limit=<value>/,
  )
  expect(await said('audit', '--json=yes')).toMatch(/^The option --json takes no value/)
})

test('an option that is there twice is refused: one of them would be ignored', async () => {
  expect(await said('grant', 'ada', '5', '--reference', 'a', '--reference', 'b')).toBe(
    '--reference is there twice; see "tollkeeper grant --help"',
  )
})

test('through npm the next step is told as npm calls it', async () => {
  const { stderr } = await runCli(['audit', '--fast'], { env: { npm_lifecycle_event: 'cli' } })
  expect(stderr).toContain('see "npm run cli -- audit --help"')
})
