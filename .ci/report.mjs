/** Of vitest's JSON report: a line of counts, then every failure with its reason. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const print = (...words) => process.stdout.write(`${words.join(' ')}\n`)
const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
print(report.numPassedTests, report.numFailedTests, report.numPendingTests)
for (const { name, status, message, assertionResults } of report.testResults) {
  const failed = assertionResults.filter((test) => test.status === 'failed')
  for (const test of failed)
    print(`${relative('.', name)}: ${test.fullName}\n  ${test.failureMessages.join('\n  ')}`)
  if (status === 'failed' && failed.length === 0) print(`${relative('.', name)}: ${message}`)
}
