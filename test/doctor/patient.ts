import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** A key as providers have them; no log and no answer may have it. */
export const KEY = 'canary-patient-key-0123456789'

/** Lets an upstream be on this machine. */
export const LOOPBACK = { UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8' }

/** A proxy whose sandbox has the quirky servers. */
export function startHospital(): Promise<Tollkeeper> {
  return startProxy({ env: LOOPBACK })
}

/** The base URL of a quirky server, as its user would give it. */
export function baseOf(proxy: Pick<Tollkeeper, 'sandbox'>, quirk: string, path = '/v1'): string {
  return `${new URL(proxy.sandbox.url).origin}/quirks/${quirk}${path}`
}

/** POST /admin/doctor. */
export async function examine(proxy: Tollkeeper, patient: object): Promise<any> {
  const { status, body } = await proxy.admin('POST', '/doctor', patient)
  if (status !== 200) throw new Error(`POST /doctor answered ${status}: ${JSON.stringify(body)}`)
  return body
}

/** The quirks and faults of a diagnosis. */
export function quirksOf({ findings }: { findings: { quirk: string | null }[] }): string[] {
  return findings.flatMap(({ quirk }) => (quirk === null ? [] : [quirk]))
}

/** What a diagnosis says about one subject. */
export function about(diagnosis: { findings: any[] }, subject: string): any {
  return diagnosis.findings.find((finding) => finding.about === subject)
}
