// Who is measured, and how each is started: one process tree that serves 127.0.0.1:port.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { haproxyConfig } from './haproxy.mjs';
import { nginxConfig } from './nginx.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

function writeConfig(name, text, { directory }) {
  const file = path.join(directory, name);
  writeFileSync(file, text);
  return file;
}

function upstreamUrl({ upstreamPort, upstreamTls }) {
  return `${upstreamTls ? 'https' : 'http'}://127.0.0.1:${upstreamPort}/v1`;
}

function lmgate(workers) {
  return (cell) => ({
    command: [
      'bash', path.join(HERE, 'peer.sh'), String(cell.port), upstreamUrl(cell), '--', '--workers', String(workers),
      ...(cell.clientTls ? ['--tls-cert', cell.tls.certificate, '--tls-key', cell.tls.key] : []),
    ],
    env: {
      LMGATE_BUILD: cell.build,
      LMGATE_PEER_DIR: cell.directory,
      ...(cell.upstreamTls ? { LMGATE_PEER_CA: cell.tls.certificate } : {}),
    },
  });
}

// start(cell): {command, env}. A cell has {port, upstreamPort, upstreamTls, clientTls, tls, directory,
// build, connections, descriptors}. headers(cell): what the client must send beside its key.
export const PEERS = {
  direct: { title: 'no proxy' },
  nginx: {
    title: 'nginx, 1 worker',
    start: (cell) => ({
      command: [
        'nginx', '-e', 'stderr', '-p', cell.directory, '-c', writeConfig('nginx.conf', nginxConfig(cell), cell),
      ],
    }),
  },
  haproxy: {
    title: 'haproxy, 1 thread',
    start: (cell) => ({
      command: ['haproxy', '-db', '-q', '-f', writeConfig('haproxy.cfg', haproxyConfig(cell), cell)],
    }),
  },
  portkey: {
    title: 'Portkey, 1 process',
    servesTls: false,
    start: (cell) => ({
      command: [
        'node', '-r', path.join(HERE, 'portkey/loopback.cjs'),
        path.join(HERE, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js'),
        '--headless', `--port=${cell.port}`,
      ],
      env: { NODE_ENV: 'production', NODE_EXTRA_CA_CERTS: cell.tls.certificate },
    }),
    headers: (cell) => ['x-portkey-provider: openai', `x-portkey-custom-host: ${upstreamUrl(cell)}`],
  },
  lmgate: { title: 'lmgate, 1 worker', start: lmgate(1) },
  lmgate2: { title: 'lmgate, 2 workers', start: lmgate(2) },
};

// Whether the peer is measured in the case, in this round (from 0).
export function takesPart(name, definition, round) {
  if (definition.peers !== undefined) return definition.peers.includes(name);
  if (name === 'lmgate2') return false;
  if (name === 'portkey' && definition.portkey?.once && round > 0) return false;
  return !(definition.clientTls && PEERS[name].servesTls === false);
}
