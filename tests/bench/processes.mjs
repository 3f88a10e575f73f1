// The processes that this run starts. Whatever way the run ends, none of them stays.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { ownsListener, processTree } from './proc.mjs';

const START_MS = 20_000;
const STOP_MS = 3_000;
const POLL_MS = 20;

const running = new Set();

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

process.on('exit', () => {
  for (const each of running) each.tree().forEach((pid) => kill(pid, 'SIGKILL'));
});
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
  process.on(signal, () => process.exit(128 + number));
}

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Process {
  // cpu: the number of the only CPU that it may use; null = any. log: file for stdout and stderr, or
  // for stderr alone when `onLine` takes the lines of stdout.
  constructor(command, { cpu = null, log, env = {}, cwd, onLine = null }) {
    this.log = log;
    const pinned = cpu === null ? command : ['taskset', '-c', String(cpu), ...command];
    const file = openSync(log, 'a', 0o600);
    // exec all the way: the id is that of the command itself.
    this.child = spawn('bash', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'bash', ...pinned], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
      stdio: ['ignore', onLine === null ? file : 'pipe', file],
    });
    closeSync(file);
    this.pid = this.child.pid;
    this.exitCode = null;
    running.add(this);
    if (onLine !== null) this.#readLines(onLine);
    this.ended = new Promise((resolve) => {
      // close: after the last line of stdout, too.
      this.child.once('close', (code) => {
        running.delete(this);
        this.exitCode = code ?? -1;
        resolve(this.exitCode);
      });
    });
  }

  #readLines(onLine) {
    let rest = '';
    this.child.stdout.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      lines.forEach((line) => onLine(line));
    });
  }

  tree() {
    return this.exitCode === null ? processTree(this.pid) : [];
  }

  logTail() {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-3).join(' | ');
  }

  // Until it listens itself.
  async waitForListener(port) {
    for (const deadline = Date.now() + START_MS; !ownsListener(this.pid, port); await delay(POLL_MS)) {
      if (this.exitCode !== null) throw new Error(`ended with ${this.exitCode} at start: ${this.logTail()}`);
      if (Date.now() > deadline) throw new Error(`does not listen on port ${port}: ${this.logTail()}`);
    }
  }

  // Ends it and all below it.
  async stop() {
    const tree = this.tree();
    if (tree.length > 0) kill(this.pid, 'SIGTERM');
    const timer = setTimeout(() => tree.forEach((pid) => kill(pid, 'SIGKILL')), STOP_MS);
    await this.ended;
    clearTimeout(timer);
    // Children of one that was killed.
    tree.slice(1).forEach((pid) => kill(pid, 'SIGKILL'));
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

// The first of two neighbours that nobody listens on, below the ports that the kernel gives to
// clients; lmgate has its metrics on the second.
let nextPort = 18_000 + Math.floor(Math.random() * 5_000) * 2;
export async function freePortPair() {
  for (let tries = 0; tries < 1000; ++tries) {
    const port = nextPort;
    nextPort = nextPort >= 31_000 ? 18_000 : nextPort + 2;
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error('no free port between 18000 and 31000');
}
