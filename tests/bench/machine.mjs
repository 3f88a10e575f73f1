// On what it was measured.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { descriptorLimit } from './proc.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

// The first version number that a program prints, on either stream.
function versionOf(command, ...args) {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return `${stdout}${stderr}`.match(/\d+(\.\d+)+\S*/)?.[0] ?? 'unknown';
}

function packageVersion(name) {
  try {
    return JSON.parse(readFileSync(path.join(HERE, 'portkey/node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return 'not installed';
  }
}

function commit() {
  try {
    const git = (...args) => execFileSync('git', ['-C', HERE, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}

export function describeMachine(build) {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpus: os.cpus().length,
    memoryGib: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    loadAverage: os.loadavg()[0],
    descriptors: descriptorLimit(),
    versions: {
      lmgate: `${versionOf(path.join(build, 'bin/lmgate-dataplane'), '--version')}, commit ${commit()}`,
      nginx: versionOf('nginx', '-v'),
      haproxy: versionOf('haproxy', '-v'),
      portkey: packageVersion('@portkey-ai/gateway'),
      '@hono/node-server': packageVersion('@hono/node-server'),
      node: process.version.slice(1),
      openssl: versionOf('openssl', 'version'),
    },
  };
}
