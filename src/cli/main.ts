#!/usr/bin/env node
import { text } from 'node:stream/consumers'
import { run } from './run.ts'

// A pager or `head` that has read enough is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const result = await run(process.argv.slice(2), {
  env: process.env,
  now: new Date(),
  readStdin: () => text(process.stdin),
  note: (line) => {
    if (process.stderr.isTTY) process.stderr.write(`${line}\n`)
  },
})
process.stdout.write(result.stdout)
process.stderr.write(result.stderr)
process.exitCode = result.exitCode
