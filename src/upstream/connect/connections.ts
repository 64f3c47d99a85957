import { type Dispatcher, Pool, ProxyAgent } from 'undici'

/** The connections to one origin. */
export type Connections = {
  dispatcher: Dispatcher
  /** Whether no request runs or waits. */
  isIdle(): boolean
  /** Ends every connection at once. */
  destroy(): Promise<void>
}

export type PoolOptions = Pool.Options

/** Connections that lead straight to the origin. */
export function directConnections(origin: string, options: PoolOptions): Connections {
  const pool = new Pool(origin, options)
  return {
    dispatcher: pool,
    isIdle: () => pool.stats.size === 0,
    destroy: () => pool.destroy(),
  }
}

/**
 * Connections through a proxy: by CONNECT where the origin is behind TLS, else it is asked for the
 * whole URL. It is the proxy that resolves the origin's name.
 * @param proxy its user name and password, where it has them, become Proxy-Authorization
 * @param connectMs milliseconds to connect to the proxy, for its answer to CONNECT, and for TLS
 */
export function proxiedConnections(
  origin: string,
  proxy: URL,
  connectMs: number,
  options: PoolOptions,
): Connections {
  let pool: Pool | null = null
  const agent = new ProxyAgent({
    uri: proxy.origin,
    ...authorizationOf(proxy),
    proxyTunnel: false, // plain HTTP is not tunnelled: many proxies refuse CONNECT to its port
    allowH2: false,
    connectTimeout: connectMs,
    factory: (url, given) => {
      const { connect } = given as Pool.Options
      pool = new Pool(url, { ...options, ...(connect && { connect }) })
      return pool
    },
    clientFactory: (url, given) =>
      new Pool(url, { ...(given as Pool.Options), allowH2: false, headersTimeout: connectMs }),
  })
  return {
    dispatcher: agent.compose(
      (dispatch) => (request, handler) => dispatch({ ...request, origin }, handler),
    ),
    isIdle: () => pool === null || pool.stats.size === 0,
    destroy: () => agent.destroy(),
  }
}

/** RFC 7617. */
function authorizationOf({ username, password }: URL): { token?: string } {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { token: `Basic ${Buffer.from(pair).toString('base64')}` }
}
