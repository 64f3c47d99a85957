import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../harness/free-port.ts'
import { eventually } from '../harness/proxy.ts'

const CONF = join(import.meta.dirname, '../../deploy/nginx.conf')

export type Nginx = {
  origin: string
  /** Loads the configuration again, with other ports of the two instances. */
  reload(ports: Ports): Promise<void>
  /** The lines of its access log: requests that no instance answered. */
  unanswered(): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

/** The ports of the two instances. */
export type Ports = [number, number]

/** What a test changes in the configuration beside ports and places: text and its replacement. */
export type Edits = Record<string, string>

/** Whether a real nginx can be had; says so once a file where it can not. */
export function hasNginx(): boolean {
  const found = spawnSync('nginx', ['-v']).error === undefined
  if (!found) process.stderr.write('test/nginx is skipped: there is no nginx on the PATH\n')
  return found
}

/** A real nginx with deploy/nginx.conf: its own ports and files, and nothing else is different. */
export async function startNginx(ports: Ports, edits: Edits = {}): Promise<Nginx> {
  const directory = await mkdtemp(join(tmpdir(), 'tollkeeper-nginx-'))
  await chmod(directory, 0o755) // the workers run as nobody where the master is root
  const port = await freePort()
  const conf = join(directory, 'nginx.conf')
  const log = join(directory, 'access.log')
  const write = async (now: Ports) =>
    writeFile(conf, localised(await readFile(CONF, 'utf8'), { directory, log, port, edits }, now))
  await write(ports)
  const place = ['-p', directory, '-e', 'stderr', '-c', conf]
  const globals = `pid ${directory}/nginx.pid; daemon off;`
  const child = spawn('nginx', [...place, '-g', globals], { stdio: ['ignore', 'ignore', 'pipe'] })
  const errors = collect(child)
  await eventually(() => reaches(port))

  return {
    origin: `http://127.0.0.1:${port}`,
    async reload(now) {
      await write(now)
      const { stderr, status } = spawnSync('nginx', [...place, '-g', globals, '-s', 'reload'])
      if (status !== 0) throw new Error(String(stderr))
    },
    async unanswered() {
      const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line))
    },
    async stop() {
      if (child.exitCode !== null) throw new Error(`nginx has ended:\n${errors()}`)
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(directory, { recursive: true })
    },
  }
}

type Place = { directory: string; log: string; port: number; edits: Edits }

function localised(conf: string, { directory, log, port, edits }: Place, ports: Ports): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(' ')
  const replacements: Edits = {
    'listen 80;': `listen 127.0.0.1:${port};`,
    'tollkeeper-1:8080': `127.0.0.1:${ports[0]}`,
    'tollkeeper-2:8080': `127.0.0.1:${ports[1]}`,
    '/var/log/nginx/access.log': log,
    'http {': `http { ${temporary}`,
    ...edits,
  }
  return Object.entries(replacements).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`deploy/nginx.conf has no ${from}`)
    return text.replaceAll(from, to)
  }, conf)
}

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.on('data', (bytes) => {
    text += bytes
  })
  return () => text
}

function reaches(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(undefined))
  })
}
