import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The way to Postgres, in the hands of the test. */
export type FlakyLink = {
  /** The URL of the database by way of the link. */
  url: string
  /** Connections that were made so far. */
  connections(): number
  /** The connections there are swallow what Postgres answers from now on; new ones work. */
  mute(): void
  /** Cuts every connection once, when Postgres answers next and before the answer gets through. */
  cutNextAnswer(): void
  /** Cuts every connection and refuses new ones, until it is mended. */
  refuse(): Promise<void>
  mend(): Promise<void>
  close(): Promise<void>
}

/** A TCP proxy in front of a database. */
export async function startLink(databaseUrl: string): Promise<FlakyLink> {
  const target = new URL(databaseUrl)
  const pairs = new Set<Pair>()
  let isCut = false
  let made = 0
  const cut = () => {
    isCut = false
    for (const { client, postgres } of pairs) {
      client.destroy()
      postgres.destroy()
    }
  }
  const server = createServer((client) => {
    made += 1
    const postgres = connect(Number(target.port), target.hostname)
    const pair: Pair = { client, postgres, isMuted: false }
    pairs.add(pair)
    client.on('error', () => {}).on('data', (bytes) => postgres.write(bytes))
    client.on('close', () => {
      pairs.delete(pair)
      postgres.end()
    })
    postgres.on('error', () => {}).on('close', () => client.destroy())
    postgres.on('data', (bytes) => {
      if (isCut) cut()
      else if (!pair.isMuted) client.write(bytes)
    })
  })
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const stop = () => {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
    cut()
    return stopped
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  target.host = `127.0.0.1:${port}`
  const url = target.href
  target.host = new URL(databaseUrl).host
  return {
    url,
    connections: () => made,
    mute() {
      for (const pair of pairs) pair.isMuted = true
    },
    cutNextAnswer() {
      isCut = true
    },
    refuse: stop,
    mend: () => listen(port),
    close: stop,
  }
}

type Pair = { client: Socket; postgres: Socket; isMuted: boolean }
