// From the cells of all rounds to one row for each case and peer.
import { CASES } from './cases.mjs';

export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const QUANTILES = ['p50', 'p99', 'p999'];

// What the proxy adds to direct's latency in the same round; null = no such comparison.
function addedLatency(cell, direct) {
  const base = cell.peer === 'portkey' ? direct?.latencyAtPortkeysPaceUs : direct?.latencyUs;
  if (!cell.latencyUs || !base || cell.peer === 'direct') return null;
  return Object.fromEntries(QUANTILES.map((name) => [name, cell.latencyUs[name] - base[name]]));
}

// Medians of the peer's good rounds in the case. A ratio is the median of the rounds' ratios: what
// the machine did in a round, it did to both.
function summarise(cells, caseName, peerName) {
  const all = cells.filter((cell) => cell.case === caseName && cell.peer === peerName);
  const good = all.filter((cell) => cell.errors === 0);
  const other = ({ round }, name) =>
    cells.find((each) => each.case === caseName && each.peer === name && each.round === round && each.errors === 0);
  const of = (value) => median(good.map((cell) => value(cell) ?? NaN));
  const ratio = (value, name) =>
    of((cell) => {
      const base = other(cell, name);
      const divisor = base === undefined ? null : value(base);
      // What is not there, or drowned in noise, has no ratio.
      return divisor > 0 && value(cell) !== null ? value(cell) / divisor : null;
    });
  // Portkey's held streams have other gaps: opening them is another share of an event's cost.
  const comparable = !(peerName === 'portkey' && CASES[caseName].portkey?.withoutDirect);
  const added = (quantile) => (cell) => addedLatency(cell, other(cell, 'direct'))?.[quantile] ?? null;

  return {
    case: caseName,
    peer: peerName,
    rounds: good.length,
    roundsLeftOut: all.length - good.length,
    perSecond: of((cell) => cell.perSecond),
    cpuUs: of((cell) => cell.cpuUs),
    userShare: of((cell) => cell.userShare),
    cpuToNginx: comparable ? ratio((cell) => cell.cpuUs ?? null, 'nginx') : null,
    cpuToPortkey: ratio((cell) => cell.cpuUs ?? null, 'portkey'),
    perSecondToOneWorker: ratio((cell) => cell.perSecond ?? null, 'lmgate'),
    latencyUs: Object.fromEntries(QUANTILES.map((name) => [name, of((cell) => cell.latencyUs?.[name])])),
    addedUs: Object.fromEntries(QUANTILES.map((name) => [name, of(added(name))])),
    addedToNginx: Object.fromEntries(QUANTILES.map((name) => [name, ratio(added(name), 'nginx')])),
    rssIdleMib: of((cell) => cell.rssIdleKib / 1024),
    rssMaxMib: of((cell) => cell.rssMaxKib / 1024),
    streams: good[0]?.streams ?? null,
    kibPerStream: of((cell) => cell.kibPerStream),
    clientCpuUs: of((cell) => cell.clientCpuUs),
    upstreamCpuUs: of((cell) => cell.upstreamCpuUs),
    machineBusy: of((cell) => cell.machineBusy),
    errors: all.reduce((sum, cell) => sum + cell.errors, 0),
    lost: all.reduce((sum, cell) => sum + (cell.lost ?? 0), 0),
  };
}

// rows: in the order of the cases, then of the peers.
export function summariseAll(cells) {
  const rows = [];
  for (const caseName of new Set(cells.map((cell) => cell.case))) {
    for (const peerName of new Set(cells.filter((cell) => cell.case === caseName).map((cell) => cell.peer))) {
      rows.push(summarise(cells, caseName, peerName));
    }
  }
  return rows;
}
