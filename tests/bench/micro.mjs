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
  // "ApplyOneKeyDelta/iterations:20000" -> "ApplyOneKeyDelta"; "ScanBody/1024" stays.
  const nameOf = ({ name }) => name.split('/').filter((part) => !/^(iterations:|manual_time)/.test(part)).join('/');
  // How long a compilation takes is measured by hand, on the CPU's clock as well.
  const timeOf = (each) => (each.name.includes('manual_time') ? each.real_time : each.cpu_time) * nanos[each.time_unit];
  const cpuNanos = Object.fromEntries(report.benchmarks.map((each) => [nameOf(each), timeOf(each)]));
  return {
    cpuNanos,
    deltaUs: cpuNanos.ApplyOneKeyDelta / 1000,
    bytesPerKey: report.benchmarks.find((each) => nameOf(each) === 'CompileSnapshot')?.bytes_per_key ?? null,
  };
}
