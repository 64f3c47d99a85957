import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'

// A process that uses the database of the folder it is given until it reads a line or is killed.
const { url, adopted, stop } = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '' })
process.stdout.write(`${JSON.stringify({ url, adopted })}\n`)
process.stdin.once('data', async () => {
  await stop()
  process.exit()
})
