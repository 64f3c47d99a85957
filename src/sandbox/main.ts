import { startSandbox } from './index.ts'

/** `node src/sandbox/main.ts [port]`, or PORT and HOST in the environment; prints its URL. */
const { PORT = '0', HOST = '127.0.0.1' } = process.env
const sandbox = await startSandbox({ host: HOST, port: Number(process.argv[2] ?? PORT) })
process.stdout.write(`${sandbox.url}\n`)

const stop = (): void => {
  void sandbox.close()
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
