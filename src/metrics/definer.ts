import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type Definer = ReturnType<typeof definer>

/** Defines the metrics of one registry; their names begin with `tollkeeper_`. */
export function definer(registry: Registry) {
  const registers = [registry]
  const name = (suffix: string) => `tollkeeper_${suffix}`
  return {
    counter: <L extends string>(suffix: string, help: string, labelNames: L[] = []) =>
      new Counter({ name: name(suffix), help, labelNames, registers }),

    histogram: <L extends string>(
      suffix: string,
      help: string,
      labelNames: L[],
      buckets: readonly number[],
    ) => new Histogram({ name: name(suffix), help, labelNames, buckets: [...buckets], registers }),

    /** @param read called at each scrape; sets the gauge */
    gauge: <L extends string>(
      suffix: string,
      help: string,
      labelNames: L[],
      read: (gauge: Gauge<L>) => void,
    ) => {
      const gauge: Gauge<L> = new Gauge({
        name: name(suffix),
        help,
        labelNames,
        registers,
        collect: () => read(gauge),
      })
    },
  }
}
