import { expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { Proxies } from '../../src/upstream/connect/proxies.ts'

const PROXY = 'http://proxy.test:3128'

/** Whether a URL is reached through the proxy. */
function isProxied(noProxy: string, url: string): boolean {
  const env = { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: noProxy }
  return new Proxies(loadConfig(env).proxies).for(new URL(url)) !== null
}

test.for([
  ['', 'https://api.example.com/v1', true],
  ['', 'http://8.8.8.8/v1', true],
  ['', 'http://localhost:8080/v1', false],
  ['', 'http://127.0.0.1:8080/v1', false],
  ['', 'http://127.9.9.9/v1', false],
  ['', 'http://[::1]:8080/v1', false],
  ['', 'http://api.localhost/v1', false],
  ['*', 'https://api.example.com/v1', false],
  ['example.com', 'https://example.com/v1', false],
  ['example.com', 'https://api.example.com/v1', false],
  ['.example.com', 'https://api.example.com/v1', false],
  ['*.example.com', 'https://api.example.com/v1', false],
  ['EXAMPLE.com', 'https://example.COM./v1', false],
  ['example.com', 'https://notexample.com/v1', true],
  ['example.com', 'https://example.com.evil.test/v1', true],
  ['example.com:8443', 'https://example.com:8443/v1', false],
  ['example.com:8443', 'https://example.com/v1', true],
  ['example.com:443', 'https://example.com/v1', false],
  ['example.com:80', 'http://example.com/v1', false],
  ['other.test, example.com', 'https://example.com/v1', false],
  ['other.test example.com', 'https://example.com/v1', false],
  ['10.1.2.3', 'http://10.1.2.3/v1', false],
  ['10.0.0.0/8', 'http://10.1.2.3/v1', false],
  ['10.0.0.0/8', 'http://11.1.2.3/v1', true],
  ['10.0.0.0/8', 'http://10.example.com/v1', true],
  ['fd00::/8', 'http://[fd12::5]/v1', false],
  ['[fd12::5]:8000', 'http://[fd12::5]:8000/v1', false],
  ['[fd12::5]:8000', 'http://[fd12::5]/v1', true],
] as const)('with NO_PROXY=%j a proxy serves %s: %s', ([noProxy, url, proxied]) => {
  expect(isProxied(noProxy, url)).toBe(proxied)
})

test('each of the two proxies serves the upstreams of its kind', () => {
  const { proxies } = loadConfig({ HTTPS_PROXY: PROXY })
  expect(new Proxies(proxies).for(new URL('https://h.test'))?.href).toBe(`${PROXY}/`)
  expect(new Proxies(proxies).for(new URL('http://h.test'))).toBeNull()
})

test.for([
  'ftp://user:canary-password@h.test',
  'http://user:canary-password@h.test/path',
  'http://user:canary-password@h.test?q=1',
  'http://user:canary-password@h.test:99999',
  'proxy.test:3128',
])('a proxy at %s can not be used, and its password is not repeated', (url) => {
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY']) {
    const faults = faultsOf({ [name]: url })
    expect(faults.join()).toContain(name)
    expect(faults.join()).not.toContain('canary')
  }
})

function faultsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
  }
  return []
}
