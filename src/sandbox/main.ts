import { startSandbox } from './index.ts'

/**
 * `node src/sandbox/main.ts [port]`, or PORT and HOST in the environment; prints its URL. For long
 * runs LEDGER_MAX sets how many calls its ledger keeps, and KEEP_BODIES=off leaves bodies out.
 */
const { PORT = '0', HOST = '127.0.0.1', LEDGER_MAX, KEEP_BODIES } = process.env
const sandbox = await startSandbox({
  host: HOST,
  port: Number(process.argv[2] ?? PORT),
  keepBodies: KEEP_BODIES !== 'off',
  ...(LEDGER_MAX && { ledgerMax: Number(LEDGER_MAX) }),
})
process.stdout.write(`${sandbox.url}\n`)

const stop = (): void => {
  void sandbox.close()
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
