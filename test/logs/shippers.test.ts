import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, type LogLine } from '../harness/proxy.ts'
import { faultsOf, requestLines } from './lines.ts'
import { loadedRun } from './loaded-run.ts'
import { commandsOf, isInstalled } from './recipes.ts'

let folder: string
let backend: Server
let bodies: string[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollkeeper-shipper-'))
  bodies = []
  backend = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    const isZipped = request.headers['content-encoding'] === 'gzip'
    bodies.push((isZipped ? gunzipSync(body) : body).toString())
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await once(backend.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  backend.close()
  await rm(folder, { recursive: true })
})

/** Runs a recipe's command beside a loaded process until every line has arrived. */
async function ship(recipe: string, arrived: () => LogLine[]): Promise<LogLine[]> {
  const port = String((backend.address() as { port: number }).port)
  const log = join(folder, 'tollkeeper.log')
  const command = recipe
    .replace(/LOG_FILE=\S+/, `LOG_FILE=${log}`)
    .replace(/STATE_DIR=\S+/, `STATE_DIR=${folder}`)
    .replace(/:4318|HTTP_PORT=\S+/, (found) =>
      found.startsWith(':') ? `:${port}` : `HTTP_PORT=${port}`,
    )
  const shipper = spawn('bash', [
    '-c',
    command.replace(/(otelcol-contrib|fluent-bit) -/, 'exec $1 -'),
  ])
  let told = ''
  shipper.stderr.on('data', (text) => {
    told += text
  })
  try {
    const ids = await loadedRun(`>> ${log}`)
    return await eventually(() => {
      const lines = arrived()
      const found = new Set(lines.map(({ request_id }) => request_id))
      return [...ids].every((id) => found.has(id)) ? lines : undefined
    }, 30)
  } finally {
    if (shipper.exitCode !== null) process.stderr.write(`it had ended:\n${told}`)
    shipper.kill('SIGKILL')
  }
}

describe.runIf(isInstalled('otelcol-contrib'))('the OpenTelemetry Collector', () => {
  test('receives every line of a loaded process with its members as attributes', async () => {
    const [recipe = ''] = commandsOf('LOG_FILE=').filter((one) => one.includes('otelcol-contrib'))
    const lines = await ship(`LOG_FILE=${recipe}`, () =>
      bodies
        .flatMap(recordsOf)
        .map(lineOf)
        .filter(({ msg }) => msg === 'request'),
    )
    expect(faultsOf(lines)).toEqual([])
    const severities = new Set(
      bodies.flatMap(recordsOf).map((one) => `${one.severityText} ${one.severityNumber}`),
    )
    expect(severities).toEqual(new Set(['30 9', '40 13']))
  })
})

describe.runIf(isInstalled('fluent-bit'))('Fluent Bit', () => {
  test('posts every line of a loaded process as it stands there', async () => {
    const [recipe = ''] = commandsOf('LOG_FILE=').filter((one) => one.includes('fluent-bit'))
    const lines = await ship(`LOG_FILE=${recipe}`, () => bodies.flatMap(requestLines))
    expect(faultsOf(lines)).toEqual([])
  })
})

type OtlpValue = Record<string, any>
type OtlpRecord = {
  timeUnixNano: string
  severityText: string
  severityNumber: number
  body: OtlpValue
  attributes: { key: string; value: OtlpValue }[]
}

function recordsOf(body: string): OtlpRecord[] {
  const { resourceLogs } = JSON.parse(body)
  return resourceLogs.flatMap(({ scopeLogs }: any) =>
    scopeLogs.flatMap(({ logRecords }: any) => logRecords),
  )
}

/** The line that an OTLP record was made from. */
function lineOf({ attributes, body, timeUnixNano }: OtlpRecord): LogLine {
  const line = Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]))
  const time = new Date(Number(BigInt(timeUnixNano) / 1_000_000n)).toISOString()
  expect(line.time).toBe(time)
  return { ...line, msg: plain(body) } as LogLine
}

function plain(value: OtlpValue): unknown {
  if ('arrayValue' in value) return (value.arrayValue.values ?? []).map(plain)
  if ('kvlistValue' in value) {
    return Object.fromEntries(
      value.kvlistValue.values.map((one: any) => [one.key, plain(one.value)]),
    )
  }
  if ('intValue' in value) return Number(value.intValue)
  return Object.values(value)[0] ?? null
}
