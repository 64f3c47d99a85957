import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname

export type Run = { stdout: string; stderr: string; code: number | null }

type Options = {
  env?: Record<string, string>
  /** What stands on standard input. */
  input?: string
  cwd?: string
}

/** Runs the command line as a process of its own, with nothing of our environment. */
export async function runCli(args: readonly string[], options: Options = {}): Promise<Run> {
  const { env = {}, input = '', cwd } = options
  const child = spawn(process.execPath, [MAIN, ...args], { env, ...(cwd && { cwd }) })
  child.stdin.on('error', () => {}) // one that needs no input may have ended before it is sent
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, code }
}

/** The command line of one proxy. Arguments are an array, or words without quotes. */
export function cliOf(proxy: Pick<Tollkeeper, 'origin'>) {
  const env = { TOLLKEEPER_URL: proxy.origin, ADMIN_TOKEN }
  const run = (args: string | string[], options: Options = {}) =>
    runCli(typeof args === 'string' ? words(args) : args, { ...options, env })
  return {
    run,
    /** What a command that succeeds prints, without the last line feed. */
    text: async (args: string | string[], options: Options = {}): Promise<string> => {
      const { stdout, stderr, code } = await run(args, options)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/[^\n]\n$/)
      return stdout.slice(0, -1)
    },
    /** What it prints with --json. */
    json: async (args: string | string[], options: Options = {}): Promise<any> => {
      const { stdout, stderr, code } = await run([...words(args), '--json'], options)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return JSON.parse(stdout)
    },
    /** The one line on stderr of a command that fails with exit code 1. */
    failure: (args: string | string[], options: Options = {}) => run(args, options).then(failure),
  }
}

/** Checks that a run failed as an operation, not as a command line, and said so in one line. */
export function failure({ stdout, stderr, code }: Run): string {
  expect({ stdout, code }, stderr).toEqual({ stdout: '', code: 1 })
  return sentence(stderr)
}

/** Checks that a run was refused as a command line, and said so in one line. */
export function misuse({ stdout, stderr, code }: Run): string {
  expect({ stdout, code }, stderr).toEqual({ stdout: '', code: 2 })
  return sentence(stderr)
}

/** A record as it is printed: `title  value` lines as an object. */
export function recordOf(output: string): Record<string, string> {
  return Object.fromEntries(output.split('\n').map((line) => line.split(/ {2,}/, 2)))
}

/** A table as it is printed: rows of cells, the titles first. */
export function tableOf(output: string): string[][] {
  return output.split('\n').map((line) => line.trim().split(/ {2,}/))
}

function sentence(stderr: string): string {
  expect(stderr).toMatch(/^tollkeeper: [^\n]+\n$/)
  return stderr.slice('tollkeeper: '.length, -1)
}

function words(args: string | string[]): string[] {
  return typeof args === 'string' ? args.split(' ') : args
}
