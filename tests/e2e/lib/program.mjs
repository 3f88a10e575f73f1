// A real program under test: its own process, output in a file, ended by its process id.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BIN = process.env.LMGATE_BIN ?? path.join(ROOT, 'build/release/bin');
const STOP_MS = 20_000;

const running = new Set();
// Whatever way the tests end, no program stays.
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// Programs get this and what the test names; nothing else of the environment of whoever runs the
// tests, in which there may be real credentials.
export function bareEnvironment(home) {
  const environment = { HOME: home, TMPDIR: home };
  for (const name of ['PATH', 'LANG', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS']) {
    if (process.env[name] !== undefined) environment[name] = process.env[name];
  }
  return environment;
}

export function binary(name) {
  return path.join(BIN, name);
}

export class Program {
  // logFile: stdout and stderr together; appended to.
  constructor(name, args, { env, cwd, logFile }) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, 'a', 0o600);
    this.child = spawn(binary(name), args, { env, cwd, stdio: ['ignore', log, log] });
    closeSync(log);
    this.pid = this.child.pid;
    this.ended = null; // {code, signal} once it has
    running.add(this);
    this.exited = new Promise((resolve) => {
      const end = (result) => {
        running.delete(this);
        this.ended = result;
        resolve(result);
      };
      this.child.once('exit', (code, signal) => end({ code, signal }));
      this.child.once('error', (error) => end({ code: null, signal: null, error }));
    });
  }

  signal(signal) {
    if (this.ended === null) this.child.kill(signal);
  }

  // Waits for the end; {code, signal}.
  async waitForExit(timeoutMs = STOP_MS) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.name} (${this.pid}) did not end within ${timeoutMs} ms\n${this.logTail()}`)),
        timeoutMs,
      );
    });
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(signal = 'SIGTERM', timeoutMs = STOP_MS) {
    this.signal(signal);
    return await this.waitForExit(timeoutMs);
  }

  // How it ended and what it said last; empty while it runs.
  endText() {
    if (this.ended === null) return '';
    const { code, signal, error } = this.ended;
    return `${this.name} ended: ${error?.message ?? signal ?? `exit code ${code}`}\n${this.logTail()}`;
  }

  // From a sanitizer's first line on; empty without one.
  sanitizerReport() {
    return /^.*(?:(?:WARNING|ERROR): \w+Sanitizer|runtime error): [^]*/m.exec(this.log())?.[0] ?? '';
  }

  log() {
    return readFileSync(this.logFile, 'utf8');
  }

  logTail(lines = 15) {
    return this.log().trimEnd().split('\n').slice(-lines).join('\n');
  }
}

// Runs a program to its end: {code, stdout, stderr, elapsedMs}.
export function run(name, args, { env, cwd, input = '', timeoutMs = 60_000 }) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(binary(name), args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.stdin.on('error', () => {}); // it may end without reading
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, elapsedMs: performance.now() - began }),
    );
    child.stdin.end(input);
  });
}
