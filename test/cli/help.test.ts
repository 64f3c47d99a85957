import { expect, test } from 'vitest'
import { COMMANDS, isGroup } from '../../src/cli/commands.ts'
import { run, type Surroundings } from '../../src/cli/run.ts'
import { runCli } from './tollkeeper.ts'

/** The words of every level: nothing, then groups and commands. */
const LEVELS: string[][] = [
  [],
  ...Object.entries(COMMANDS).flatMap(([name, entry]) =>
    isGroup(entry)
      ? [[name], ...Object.keys(entry.commands).map((word) => [name, word])]
      : [[name]],
  ),
]

const NOWHERE: Surroundings = { env: {}, now: new Date(), readStdin: async () => '' }

async function help(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await run([...words, '--help'], NOWHERE)
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  return stdout
}

test('--help is one screen on every level, and needs neither server nor token', async () => {
  for (const words of LEVELS) {
    const lines = (await help(...words)).split('\n')
    expect(lines.length, words.join(' ')).toBeLessThanOrEqual(40)
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(105)
  }
})

test('--help, -h and the word help are the same, before and after the command', async () => {
  const expected = await help('key', 'rotate')
  expect(expected).toContain('Usage: tollkeeper key rotate <key> [options]\n')
  for (const args of [
    ['help', 'key', 'rotate'],
    ['key', 'rotate', '-h'],
    ['--help', 'key', 'rotate'],
  ]) {
    expect((await runCli(args)).stdout).toBe(expected)
  }
  expect((await runCli([])).stdout).toBe(await help())
})

test('the help of everything and of a group has an example of each entry', async () => {
  const all = await help()
  for (const [name, entry] of Object.entries(COMMANDS)) {
    expect(all).toMatch(new RegExp(`^  ${name} .*\\.$`, 'm'))
    expect(all).toMatch(new RegExp(`^  tollkeeper ${name}\\b`, 'm'))
    if (!isGroup(entry)) continue
    const group = await help(name)
    for (const word of Object.keys(entry.commands)) {
      expect(group).toMatch(new RegExp(`^tollkeeper ${name} ${word}\\b`, 'm'))
      expect(group).toMatch(new RegExp(`^  Example: tollkeeper ${name} ${word}\\b`, 'm'))
    }
  }
})

test('the help of a command has each of its options and an example', async () => {
  for (const [name = '', word] of LEVELS) {
    const entry = COMMANDS[name]
    const command = entry && isGroup(entry) ? entry.commands[word ?? ''] : entry
    if (command === undefined) continue
    const path = word === undefined ? [name] : [name, word]
    const text = await help(...path)
    for (const option of Object.keys(command.options)) expect(text).toContain(`\n  --${option} `)
    expect(text).toMatch(new RegExp(`\\nExample:\\n  tollkeeper ${path.join(' ')}\\b.*\\n$`))
  }
})
