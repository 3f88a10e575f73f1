// CPU a unit of each peer to nginx's, case by case, as bars.

const WIDTH = 760;
const LEFT = 110; // names of the cases
const RIGHT = 60; // the number behind a bar
const BAR = 13;
const GROUP_GAP = 12;
const TOP = 62;
const RATIO_MAX = 2; // longer bars are cut there, and say so by their number

const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  .paper { fill: #fff; } .value { stroke: #fff; stroke-width: 3; paint-order: stroke; }
  text { fill: #24292f; } .quiet { fill: #57606a; } .axis { stroke: #57606a; } .grid { stroke: #d0d7de; }
  .haproxy { fill: #9a6fd0; } .portkey { fill: #b08800; } .lmgate { fill: #1a7f5a; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .value { stroke: #0d1117; }
    text { fill: #e6edf3; } .quiet { fill: #9198a1; } .axis { stroke: #9198a1; } .grid { stroke: #30363d; }
    .haproxy { fill: #b392f0; } .portkey { fill: #d4a72c; } .lmgate { fill: #3fb950; }
  }`;

const SHOWN = ['lmgate', 'haproxy', 'portkey'];

function x(ratio) {
  return LEFT + (Math.min(ratio, RATIO_MAX) / RATIO_MAX) * (WIDTH - LEFT - RIGHT);
}

function bar(row, y) {
  const cut = row.cpuToNginx > RATIO_MAX;
  const value = row.cpuToNginx >= 10 ? row.cpuToNginx.toFixed(0) : row.cpuToNginx.toFixed(2);
  const end = x(row.cpuToNginx);
  return `<rect class="${row.peer}" x="${LEFT}" y="${y}" width="${(end - LEFT).toFixed(1)}" height="${BAR - 2}"/>
<text class="quiet value" x="${(end + 4).toFixed(1)}" y="${y + BAR - 3}">${cut ? '→ ' : ''}${value}</text>`;
}

// Null when there is nothing to show.
export function chartSvg(rows) {
  const bars = rows.filter((row) => SHOWN.includes(row.peer) && row.cpuToNginx !== null);
  if (bars.length === 0) return null;
  const parts = [];
  let y = TOP;
  for (const name of new Set(bars.map((row) => row.case))) {
    const group = SHOWN.map((peer) => bars.find((row) => row.case === name && row.peer === peer)).filter(Boolean);
    const middle = y + (group.length * BAR) / 2 + 4;
    parts.push(`<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${name}</text>`);
    group.forEach((row, i) => parts.push(bar(row, y + i * BAR)));
    y += group.length * BAR + GROUP_GAP;
  }
  const grid = [0, 0.5, 1, 1.5, 2].map((ratio) => {
    const [kind, label] = ratio === 1 ? ['axis', 'nginx = 1'] : ['grid', ratio];
    return `<line class="${kind}" x1="${x(ratio)}" y1="${TOP - 6}" x2="${x(ratio)}" y2="${y - 6}"/>
<text class="quiet" x="${x(ratio)}" y="${y + 8}" text-anchor="middle">${label}</text>`;
  });
  const legend = SHOWN.filter((peer) => bars.some((row) => row.peer === peer)).map(
    (peer, i) => `<rect class="${peer}" x="${LEFT + i * 100}" y="34" width="11" height="11"/>
<text x="${LEFT + i * 100 + 16}" y="44">${peer}</text>`,
  );
  const height = y + 18;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"
  role="img" aria-label="CPU time of each proxy, as a ratio to nginx">
<style>${STYLE}
</style>
<rect class="paper" width="100%" height="100%"/>
<text x="${LEFT}" y="22" font-weight="600">CPU time a request or event, nginx = 1 (shorter is better)</text>
${[...legend, ...grid, ...parts].join('\n')}
</svg>
`;
}
