// What micro_bench found, as far as a target speaks of it.
import { readFileSync } from 'node:fs';

// Of the JSON that Google Benchmark writes; null = it did not run.
export function readMicroBench(file) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  const nanos = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
  const named = Object.fromEntries(report.benchmarks.map((each) => [each.name.split('/')[0], each]));
  const cpuNanos = Object.fromEntries(
    Object.entries(named).map(([name, each]) => [name, each.cpu_time * nanos[each.time_unit]]),
  );
  return {
    cpuNanos,
    deltaUs: cpuNanos.ApplyOneKeyDelta / 1000,
    bytesPerKey: named.CompileSnapshot?.bytes_per_key ?? null,
  };
}
