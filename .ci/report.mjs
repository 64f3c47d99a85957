/**
 * Of vitest's JSON reports, a later one in place of an earlier where both have a file: a line of
 * counts, then every failure with its reason; with `--files`, the files that failed, a line each.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'

const print = (...words) => process.stdout.write(`${words.join(' ')}\n`)
const { values, positionals } = parseArgs({
  options: { files: { type: 'boolean' } },
  allowPositionals: true,
})
const results = positionals.flatMap((path) => JSON.parse(readFileSync(path, 'utf8')).testResults)
const files = [...new Map(results.map((file) => [relative('.', file.name), file]))]
const broken = files.filter(([, { status }]) => status === 'failed')
const tests = files.flatMap(([, { assertionResults }]) => assertionResults)
const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length

if (values.files) for (const [name] of broken) print(name)
else {
  print(count('passed'), count('failed'), count('skipped', 'pending', 'todo'))
  for (const [name, { message, assertionResults }] of broken) {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    for (const { fullName, failureMessages } of failed) {
      const lines = failureMessages.join('\n').split('\n')
      const ours = lines.filter((line) => !line.includes('/node_modules/'))
      print([`${name}: ${fullName}`, ...ours].join('\n  '))
    }
    if (failed.length === 0) print(`${name}: ${message}`)
  }
}
