// The targets that lmgate is held to, and whether these numbers meet them. The two of instructions
// and system calls are not here: they do not depend on the machine's mood, so they are a gate of
// tests/run.sh --bench-gate.

// Each value(row, micro) is null when it was not measured; row(case, peer) is of the summary.
const TARGETS = [
  { what: 'CPU a request, 1 KB, to nginx', must: 1.0, aim: 0.8, value: (row) => row('json1k')?.cpuToNginx },
  { what: 'CPU a request, 64 KB prompt, to nginx', must: 1.0, aim: 0.8, value: (row) => row('json64k')?.cpuToNginx },
  { what: 'CPU a request, 16 KB answer, to nginx', must: 1.0, aim: 0.8, value: (row) => row('answer16k')?.cpuToNginx },
  { what: 'CPU a request at 3,000/s, to nginx', must: 1.0, aim: 0.9, value: (row) => row('rate')?.cpuToNginx },
  { what: 'CPU an event, burst, to nginx', must: 1.0, aim: 0.9, value: (row) => row('sse_burst')?.cpuToNginx },
  { what: 'CPU an event, paced, to nginx', must: 1.0, aim: 0.9, value: (row) => row('sse_paced')?.cpuToNginx },
  { what: 'added p50 at 3,000/s, to nginx', must: 1.0, aim: 0.9, value: (row) => row('rate')?.addedToNginx.p50 },
  { what: 'added p99 at 3,000/s, to nginx', must: 1.2, aim: 1.0, value: (row) => row('rate')?.addedToNginx.p99 },
  ...['hold_1000', 'hold_10000'].map((name) => ({
    what: `KiB a held stream (${name}; must: nginx's)`,
    must: (row) => row(name, 'nginx')?.kibPerStream,
    aim: 4,
    value: (row) => row(name)?.kibPerStream,
  })),
  { what: 'CPU a request, 1 KB, to Portkey', must: 1 / 50, aim: 1 / 100, value: (row) => row('json1k')?.cpuToPortkey },
  { what: 'MiB of memory, idle, with 1,000 keys', must: 40, aim: 25, value: (row) => row('json1k')?.rssIdleMib },
  { what: 'requests/s of two workers, to one', aim: 1.8, atLeast: true,
    value: (row) => row('workers', 'lmgate2')?.perSecondToOneWorker },
  { what: 'µs to apply a delta at 1,000,000 keys', must: 5, aim: 1, value: (_, micro) => micro?.deltaUs },
  { what: 'bytes a key at 1,000,000 keys', must: 100, aim: 70, value: (_, micro) => micro?.bytesPerKey },
];

function wordFor(value, must, aim, atLeast) {
  const meets = (limit) => (atLeast ? value >= limit : value <= limit);
  if (aim !== undefined && meets(aim)) return 'aim met';
  if (must === undefined) return 'aim not met';
  if (must === null) return 'nothing to compare with';
  return meets(must) ? 'must met' : 'NOT MET';
}

// [{what, value, must, aim, verdict}]; micro: of micro_bench, or null.
export function judge(rows, micro) {
  const row = (name, peer = 'lmgate') => rows.find((each) => each.case === name && each.peer === peer);
  return TARGETS.map(({ what, value, must, aim, atLeast = false }) => {
    const measured = value(row, micro) ?? null;
    const limit = typeof must === 'function' ? (must(row) ?? null) : must;
    // Null as well when the case was measured, but not what it is compared with, or that was noise.
    const verdict = measured === null ? 'no number' : wordFor(measured, limit, aim, atLeast);
    return { what, value: measured, must: limit ?? null, aim, verdict };
  });
}
