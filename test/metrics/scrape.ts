import { expect } from 'vitest'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'

type Sample = { name: string; labels: Record<string, string>; value: number }

/** One reading of /metrics. */
export class Scrape {
  readonly text: string
  readonly samples: Sample[]

  constructor(text: string) {
    this.text = text
    this.samples = text
      .split('\n')
      .filter((line) => /^[a-z]/.test(line))
      .map(readSample)
  }

  /** The samples of a metric whose labels have these values, as `{labels..., value}`. */
  of(name: string, labels: Record<string, string> = {}): Record<string, string | number>[] {
    return this.samples
      .filter((sample) => sample.name === name && hasLabels(sample, labels))
      .map((sample) => ({ ...sample.labels, value: sample.value }))
  }

  /** The sum of those samples. */
  sum(name: string, labels: Record<string, string> = {}): number {
    return this.of(name, labels).reduce((sum, { value }) => sum + Number(value), 0)
  }
}

/** Reads /metrics as Prometheus does. */
export async function scrape({ origin }: Pick<Tollkeeper, 'origin'>): Promise<Scrape> {
  const authorization = `Bearer ${ADMIN_TOKEN}`
  const response = await fetch(`${origin}/metrics`, { headers: { authorization } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return new Scrape(await response.text())
}

/** Sends a chat completion and waits until it is settled, or was refused. */
export async function finish(proxy: Tollkeeper, key: string, body: object): Promise<string> {
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(key, { messages, ...body })
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.logOf(id)
  return id
}

function hasLabels({ labels }: Sample, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}

function readSample(line: string): Sample {
  const [, name = '', list = '', value] = line.match(/^(\w+)(?:\{(.*)\})? (\S+)$/) ?? []
  const labels = [...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, one]) => [key, one])
  return { name, labels: Object.fromEntries(labels), value: Number(value) }
}
