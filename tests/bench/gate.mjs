// What a request and an SSE event cost, in units that do not depend on the machine's mood, against
// the budgets in gate_budgets.json. See `tests/run.sh --bench-gate`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay, freePortPair, Process } from './processes.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const BUILD = process.env.LMGATE_BUILD ?? path.join(HERE, '../../build/release');
const BUDGETS = JSON.parse(readFileSync(path.join(HERE, 'gate_budgets.json'), 'utf8'));
// A budget this much above what is measured is to be lowered. Events that a busy machine brings
// together cost less each.
const SLACK = 1.25;

const say = (text) => process.stderr.write(`bench-gate: ${text}\n`);

function run(command) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (errors += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command.join(' ')} ended with ${code}: ${errors.trim() || out.trim()}`));
    });
  });
}

// An upstream and one lmgate before it; `use(port, pid)` while they run.
async function withGateway(directory, wrapper, use) {
  const started = [];
  try {
    let heard;
    const upstreamPort = new Promise((resolve) => (heard = resolve));
    const upstream = new Process([path.join(BUILD, 'tests/bench_upstream')], {
      log: path.join(directory, 'upstream.log'),
      cwd: directory,
      onLine: (line) => heard(Number(line)),
    });
    started.push(upstream);
    const up = await upstreamPort;
    const port = await freePortPair();
    const peer = ['bash', path.join(HERE, 'peer.sh'), String(port), String(up)];
    const gateway = new Process([...wrapper, ...peer], {
      log: path.join(directory, 'gateway.log'),
      cwd: directory,
      env: { LMGATE_BUILD: BUILD, LMGATE_PEER_DIR: directory },
    });
    started.push(gateway);
    await gateway.waitForListener(port);
    while (!(await isReady(port + 1))) await delay(50);
    return await use(port, gateway.pid);
  } finally {
    for (const each of started.reverse()) await each.stop();
  }
}

function isReady(adminPort) {
  return fetch(`http://127.0.0.1:${adminPort}/readyz`).then((answer) => answer.ok, () => false);
}

async function load(port, mode, options) {
  const command = [path.join(BUILD, 'tests/bench_load'), mode, '--port', String(port)];
  for (const [name, value] of Object.entries(options)) command.push(`--${name}`, String(value));
  const result = JSON.parse(await run(command));
  if (result.errors > 0) throw new Error(`bench_load ${mode}: ${JSON.stringify(result)}`);
  return result;
}

// The loads, and what of their results is counted.
const LOADS = {
  request: { mode: 'closed', options: { connections: 8, seconds: 2 }, unit: (result) => result.requests },
  request_unsaturated: {
    mode: 'rate',
    options: { connections: 8, rate: 300, seconds: 3 },
    unit: (result) => result.requests,
  },
  event: {
    mode: 'stream',
    options: { connections: 4, events: 100, 'gap-us': 2000, seconds: 2 },
    unit: (result) => result.events,
  },
};

// User instructions of the whole process, by callgrind.
async function instructions(directory, name) {
  const out = path.join(directory, `callgrind-${name}`);
  const wrapper = [
    'valgrind', '--tool=callgrind', '--trace-children=yes', '--trace-children-skip=*bench_state,*mkdir',
    '--instr-atstart=no', `--callgrind-out-file=${out}.%p`,
  ];
  return withGateway(directory, wrapper, async (port, pid) => {
    const { mode, options, unit } = LOADS[name];
    await load(port, 'closed', { connections: 8, seconds: 1 });
    await run(['callgrind_control', '-i', 'on', String(pid)]);
    const units = unit(await load(port, mode, options));
    await run(['callgrind_control', '-i', 'off', String(pid)]);
    await run(['callgrind_control', '-d', String(pid)]);
    let total = 0;
    for (const file of readdirSync(directory).filter((each) => each.startsWith(path.basename(out)))) {
      for (const match of readFileSync(path.join(directory, file), 'utf8').matchAll(/^(?:summary|totals): (\d+)/gm)) {
        total = Math.max(total, Number(match[1]));
      }
    }
    if (total === 0) throw new Error(`callgrind counted nothing: ${directory}`);
    return total / units;
  });
}

// System calls of all threads, by strace.
async function systemCalls(directory, name) {
  return withGateway(directory, [], async (port, pid) => {
    const { mode, options, unit } = LOADS[name];
    await load(port, 'closed', { connections: 8, seconds: 1 });
    const file = path.join(directory, `strace-${name}`);
    const strace = spawn('strace', ['-f', '-qq', '-c', '-U', 'calls,name', '-o', file, '-p', String(pid)], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => strace.on('close', resolve));
    try {
      await delay(500);
      var units = unit(await load(port, mode, options));
    } finally {
      strace.kill('SIGINT');
      await ended;
    }
    const total = readFileSync(file, 'utf8').match(/^\s*(\d+)\s+total$/m);
    if (total === null) throw new Error(`strace counted nothing: ${readFileSync(file, 'utf8')}`);
    return Number(total[1]) / units;
  });
}

const MEASURES = [
  { name: 'instructions_per_request', measure: (directory) => instructions(directory, 'request') },
  { name: 'instructions_per_event', measure: (directory) => instructions(directory, 'event') },
  { name: 'system_calls_per_request', measure: (directory) => systemCalls(directory, 'request_unsaturated') },
  { name: 'system_calls_per_event', measure: (directory) => systemCalls(directory, 'event') },
];

async function main() {
  let failures = 0;
  for (const { name, measure } of MEASURES) {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'lmgate-bench-gate-'));
    try {
      const measured = await measure(directory);
      const budget = BUDGETS[name];
      const digits = budget < 100 ? 2 : 0;
      const passed = measured <= budget;
      if (!passed) ++failures;
      say(`${passed ? 'passed' : 'FAILED'}  ${name.padEnd(26)} ${measured.toFixed(digits).padStart(8)} of ${budget}`);
      if (measured * SLACK < budget) say(`        lower that budget: it is far above what is needed`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  process.stdout.write(`${MEASURES.length - failures} passed, ${failures} failed\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

main().catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
