/** nginx `proxy_pass` with one worker: pumps bytes, knows nothing of credits. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../test/harness/free-port.ts'
import { isInstalled } from '../machine.ts'
import { childrenOf } from '../measure.ts'
import { start } from '../processes.ts'
import { untilAnswers } from './ready.ts'
import { IGNORED_KEYS, type Target, TargetMissing } from './target.ts'

/** Time nginx has to listen, in ms. */
const START_MS = 30_000

export async function startNginx(upstreamPort: number, directory: string): Promise<Target> {
  if (!isInstalled('nginx', '-v')) {
    throw new TargetMissing('nginx is not installed (on Debian or Ubuntu: apt install nginx-light)')
  }
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  await writeFile(file, configuration(port, upstreamPort, directory))
  const args = ['-p', directory, '-e', 'stderr', '-c', file]
  const master = await start('nginx', 'nginx', args, { stdio: ['ignore', 'inherit', 'inherit'] })
  await untilAnswers(`http://127.0.0.1:${port}/v1/models`, START_MS, master)
  const pids = [master.pid, ...childrenOf(master.pid)]
  return { name: 'nginx', port, keys: IGNORED_KEYS, pids: () => pids }
}

/** No access log, no buffering; connections to both sides stay open. */
function configuration(port: number, upstreamPort: number, directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(' ')
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  ${temporary}
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  upstream backend {
    server 127.0.0.1:${upstreamPort};
    keepalive 2048;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`
}
