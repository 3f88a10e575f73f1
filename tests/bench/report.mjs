// The table for people: at most 120 columns.
import { CASES } from './cases.mjs';

const NONE = '-';

// Three digits that mean something, and never more than seven places.
function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(size >= 1e7 ? 0 : 2)}M`;
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : 2);
}

const COLUMNS = [
  { title: '', width: 9, text: (row) => row.peer },
  { title: 'units/s', width: 9, text: (row) => short(row.perSecond) },
  { title: 'CPU µs', width: 8, text: (row) => short(row.cpuUs) },
  { title: '/nginx', width: 7, text: (row) => short(row.cpuToNginx) },
  { title: 'user', width: 6, text: (row) => (row.userShare === null ? NONE : `${Math.round(row.userShare * 100)}%`) },
  { title: '+p50 µs', width: 9, text: (row) => short(row.addedUs.p50) },
  { title: '/nginx', width: 7, text: (row) => short(row.addedToNginx.p50) },
  { title: '+p99 µs', width: 9, text: (row) => short(row.addedUs.p99) },
  { title: '/nginx', width: 7, text: (row) => short(row.addedToNginx.p99) },
  { title: '+p99.9', width: 9, text: (row) => short(row.addedUs.p999) },
  { title: 'MiB', width: 7, text: (row) => short(row.rssMaxMib) },
  { title: 'KiB/str', width: 8, text: (row) => short(row.kibPerStream) },
  { title: 'lost', width: 5, text: (row) => String(row.lost) },
  { title: 'err', width: 5, text: (row) => String(row.errors) },
  { title: 'n', width: 4, text: (row) => String(row.rounds) },
];

function tableLine(texts) {
  const first = texts[0].padEnd(COLUMNS[0].width);
  return first + texts.slice(1).map((text, i) => text.padStart(COLUMNS[i + 1].width)).join('');
}

// What stands over the rows of a case.
function heading(name, rows) {
  const { title, unit } = CASES[name];
  const asked = CASES[name].load.mode === 'hold' ? CASES[name].load.connections : null;
  const held = rows.find((row) => row.streams !== null)?.streams ?? asked;
  const fewer = held === asked ? '' : ` (here ${short(held)}: descriptor limit)`;
  return `${name}: ${title}${fewer}; unit: ${unit}`;
}

export function tableText(rows) {
  const width = COLUMNS.reduce((sum, column) => sum + column.width, 0);
  const lines = [tableLine(COLUMNS.map((column) => column.title)), '-'.repeat(width)];
  for (const name of new Set(rows.map((row) => row.case))) {
    const own = rows.filter((row) => row.case === name);
    lines.push(heading(name, own));
    for (const row of own) lines.push(tableLine(COLUMNS.map((column) => column.text(row))));
    lines.push('');
  }
  lines.push(
    'Medians of n rounds. CPU: of the proxy, user and kernel, a unit. +p50, +p99, +p99.9: latency over direct',
    "at the same schedule of requests; sse_burst and workers have none. /nginx: median of the rounds' ratios.",
    'MiB: most memory. KiB/str: memory for each held stream. lost: events. err, n: rounds left out and used.',
  );
  return lines.join('\n');
}

export function verdictText(verdicts) {
  const line = (what, value, must, aim, verdict) =>
    what.padEnd(46) + value.padStart(10) + must.padStart(10) + aim.padStart(10) + `  ${verdict}`;
  const number = (value) => (value !== null && value > 0 && value < 0.1 ? value.toFixed(4) : short(value));
  return [
    line('lmgate', 'measured', 'must', 'aim', ''),
    '-'.repeat(92),
    ...verdicts.map((each) => line(each.what, number(each.value), number(each.must), number(each.aim), each.verdict)),
  ].join('\n');
}

export function workersText(rows) {
  const row = (peer) => rows.find((each) => each.case === 'workers' && each.peer === peer);
  const two = row('lmgate2');
  if (two === undefined || two.rounds === 0) return '';
  const busy = (peer) => `${Math.round((row(peer)?.machineBusy ?? 0) * 100)}%`;
  return [
    `Two workers, CPU a request: client ${short(two.clientCpuUs)} µs, upstream ${short(two.upstreamCpuUs)} µs,`,
    `lmgate ${short(two.cpuUs)} µs. The CPUs were ${busy('lmgate2')} busy; with one worker ${busy('lmgate')}.`,
  ].join('\n');
}

// CPU time of each step by itself; empty without micro-benches.
export function microText(micro) {
  if (micro === null) return '';
  const time = (nanos) => {
    if (nanos < 1e3) return `${short(nanos)} ns`;
    return nanos < 1e6 ? `${short(nanos / 1e3)} µs` : `${short(nanos / 1e6)} ms`;
  };
  const cells = Object.entries(micro.cpuNanos).map(([name, nanos]) => name.padEnd(18) + time(nanos).padStart(9));
  const lines = ['lmgate, each step by itself, CPU time; keys: 1,000,000'];
  for (let i = 0; i < cells.length; i += 3) lines.push(cells.slice(i, i + 3).join('     '));
  return lines.join('\n');
}

export function machineText({ cpu, cpus, memoryGib, kernel, versions, descriptors, loadAverage }) {
  const { lmgate, ...others } = versions;
  return [
    `${cpu}, ${cpus} CPUs, ${memoryGib} GiB, Linux ${kernel}, ${descriptors} descriptors a process`,
    `lmgate ${lmgate}; load average at start ${loadAverage.toFixed(2)}`,
    Object.entries(others).map(([name, version]) => `${name} ${version}`).join(', '),
    '(Portkey with @hono/node-server held at 1.3.3: with 1.19 it answers every streaming request with 500.)',
  ].join('\n');
}
