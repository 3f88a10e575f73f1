// Measures, and writes what came of it: see `run.sh --help`, which builds all this needs first.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES } from './cases.mjs';
import { describeMachine } from './machine.mjs';
import { Cell } from './measure.mjs';
import { readMicroBench } from './micro.mjs';
import { parseOptions, UsageError } from './options.mjs';
import { PEERS, takesPart } from './peers.mjs';
import { machineText, microText, tableText, verdictText, workersText } from './report.mjs';
import { summariseAll } from './summary.mjs';
import { chartSvg } from './svg.mjs';
import { judge } from './verdicts.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = process.env.LMGATE_BUILD ?? path.join(ROOT, 'build/release');

const say = (text) => process.stderr.write(`bench: ${text}\n`);

// A certificate of its own for each run, trusted by nobody else.
function makeCertificate(directory) {
  const file = (name) => path.join(directory, `${name}.pem`);
  const tls = { certificate: file('certificate'), key: file('key'), bundle: file('bundle') };
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2',
     '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
     '-keyout', tls.key, '-out', tls.certificate],
    { stdio: 'ignore' },
  );
  writeFileSync(tls.bundle, readFileSync(tls.certificate, 'utf8') + readFileSync(tls.key, 'utf8'), { mode: 0o600 });
  return tls;
}

// The cells of one round. Each round begins with another peer, so that none is always first.
function planRound(options, round) {
  return options.cases.flatMap((name) => {
    const wanted = CASES[name].peers ?? options.peers;
    const names = Object.keys(PEERS).filter((peer) => wanted.includes(peer) && takesPart(peer, CASES[name], round));
    const first = round % names.length;
    return [...names.slice(first), ...names.slice(0, first)].map((peer) => ({ name, peer }));
  });
}

async function measureAll(options, machine, directory) {
  const run = {
    build: BUILD,
    tls: makeCertificate(directory),
    directory,
    descriptors: machine.descriptors,
    secs: options.secs,
    comparePortkey: options.peers.includes('portkey'),
  };
  const cells = [];
  for (let round = 0; round < options.rounds; ++round) {
    for (const { name, peer } of planRound(options, round)) {
      const cell = { round, ...(await new Cell(run, name, CASES[name], peer).measure()) };
      cells.push(cell);
      const seen = cell.errors > 0 ? `LEFT OUT: ${cell.complaints.join('; ')}` : `${Math.round(cell.perSecond)}/s`;
      const cpu = cell.cpuUs === undefined ? '' : `, ${cell.cpuUs.toFixed(2)} us of CPU`;
      say(`round ${round + 1}/${options.rounds} ${name} ${peer}: ${seen}${cpu}`);
    }
  }
  // In the order of the tables again.
  const order = (cell) => [options.cases.indexOf(cell.case), Object.keys(PEERS).indexOf(cell.peer), cell.round];
  return cells.sort((a, b) => order(a).map((n, i) => n - order(b)[i]).find((n) => n !== 0) ?? 0);
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.check) return;
  const out = path.resolve(options.out);
  const directory = path.join(out, 'run');
  mkdirSync(directory, { recursive: true });
  const machine = describeMachine(BUILD);
  if (machine.cpus < 2) say('warning: one CPU only; proxy, client and upstream share it');

  const micro = readMicroBench(path.join(out, 'micro.json'));
  const cells = await measureAll(options, machine, directory);
  const rows = summariseAll(cells);
  const verdicts = judge(rows, micro);
  const chart = chartSvg(rows);
  const texts = [machineText(machine), tableText(rows), workersText(rows), microText(micro), verdictText(verdicts)];
  const table = texts.filter(Boolean).join('\n\n');

  const results = { machine, options, rows, verdicts, micro, cells };
  writeFileSync(path.join(out, 'results.json'), JSON.stringify(results, null, 1));
  writeFileSync(path.join(out, 'table.txt'), `${table}\n`);
  if (chart !== null) writeFileSync(path.join(out, 'chart.svg'), chart);
  process.stdout.write(`\n${table}\n`);
  for (const { round, case: name, peer, complaints } of cells.filter((cell) => cell.errors > 0)) {
    process.stdout.write(`left out: round ${round + 1} ${name} ${peer}: ${complaints.join('; ')}\n`);
  }
  say(`written: ${path.relative(process.cwd(), out)}/{results.json,table.txt,chart.svg}`);
}

main().catch((error) => {
  say(error instanceof UsageError ? error.message : error.stack);
  process.exit(1);
});
