// What is measured. A case is a load on one peer; `load` are the options of bench_load.
//   unit      what is counted, and what CPU time is divided by
//   latency   which of the client's times is compared with direct: the whole answer, or an event's way
//   schedule  a second measurement in the same cell: requests at this fixed rate, for the latency.
//             Without it the first has a schedule of its own, or the latency says nothing (null).
//   stretch   how much longer than the others it is measured: far percentiles need many requests
//   portkey   what differs for Portkey, which would drown; direct is measured at that pace, too,
//             unless withoutDirect. once: in the first round only, because it takes minutes.

const BACK_TO_BACK = { mode: 'closed', connections: 32 };

// Requests a second, whatever the answers do. A sixth for Portkey.
function openLoop(rate, load = {}) {
  return { mode: 'rate', connections: 64, rate, ...load };
}

function sixth(load) {
  return { ...load, rate: load.rate / 6 };
}

// Streams that are all open at once. The gaps make 5,000 events a second in all.
function heldStreams(connections) {
  return { mode: 'hold', connections, 'gap-us': connections * 200, rate: 2000 };
}

// Portkey needs milliseconds to open a stream and a tenth of one for each event.
function heldByPortkey(connections, gapSeconds) {
  return { ...heldStreams(connections), 'gap-us': gapSeconds * 1e6, rate: 150 };
}

function requests(title, load, rate, more = {}) {
  const schedule = openLoop(rate, load);
  return { title, unit: 'request', load: { ...BACK_TO_BACK, ...load }, latency: 'answer_us', schedule,
           portkey: { schedule: sixth(schedule) }, ...more };
}

export const CASES = {
  json1k: requests('1 KB prompt, 1 KB answer, 32 connections back to back', {}, 1000),
  json64k: requests('64 KB prompt', { 'prompt-bytes': 65536 }, 1000),
  json1m: requests('1 MB prompt', { 'prompt-bytes': 1048576, connections: 8 }, 60),
  answer16k: requests('16 KB answer', { 'big-answer': 1 }, 1000),
  rate: { title: '1 KB prompt, 1 KB answer, 3,000 requests a second', unit: 'request', load: openLoop(3000),
          latency: 'answer_us', stretch: 3, portkey: { load: sixth(openLoop(3000)) } },
  sse_burst: { title: 'streams of 200 events without a gap, 16 at once', unit: 'event',
               load: { mode: 'stream', connections: 16, events: 200 }, latency: null },
  sse_paced: { title: 'streams with an event every 5 ms, 100 at once', unit: 'event',
               load: { mode: 'stream', connections: 100, events: 200, 'gap-us': 5000 }, latency: 'lag_us',
               portkey: { load: { mode: 'stream', connections: 20, events: 200, 'gap-us': 5000 } } },
  hold_1000: { title: '1,000 streams open at once, an event every 0.2 s', unit: 'event', load: heldStreams(1000),
               latency: 'lag_us', portkey: { load: heldByPortkey(1000, 1), withoutDirect: true } },
  hold_10000: { title: '10,000 streams open at once, an event every 2 s', unit: 'event', load: heldStreams(10000),
                latency: 'lag_us',
                portkey: { load: heldByPortkey(10000, 5), withoutDirect: true, once: true } },
  tls_upstream: requests('1 KB, TLS to the upstream', {}, 1000, { upstreamTls: true }),
  tls_client: requests('1 KB, TLS from the client', {}, 1000, { clientTls: true }),
  workers: { title: '1 KB, lmgate with one worker and with two, nothing pinned', unit: 'request', load: BACK_TO_BACK,
             latency: null, unpinned: true, peers: ['lmgate', 'lmgate2'] },
};

// Seconds that held streams stay quiet before memory is read, and to spare after it.
export const HOLD_SETTLE = 2.5;
const HOLD_SPARE = 1.5;
// A proxy may take longer to open them than it is given.
const HOLD_OPENING_FACTOR = 1.2;

// A proxy has two descriptors a stream; the rest is for what else it has open.
const DESCRIPTORS_SPARE = 200;

// The load as this machine and these options allow. `descriptors`: what one process may open.
export function fitLoad(load, { secs, descriptors }, stretch = 1) {
  if (load.mode !== 'hold') return { ...load, seconds: secs * stretch };
  const connections = Math.min(load.connections, Math.floor((descriptors - DESCRIPTORS_SPARE) / 2));
  const seconds = (HOLD_OPENING_FACTOR * connections) / load.rate + HOLD_SETTLE + HOLD_SPARE;
  // 2: the first event may come up to a gap late, and both ends of a gap are an event.
  return { ...load, connections, events: 2 + Math.ceil(seconds / (load['gap-us'] / 1e6)) };
}

// Of the same kind, to be over when the proxy is warm.
export function warmUpLoad(load, { secs }) {
  const seconds = Math.min(1, secs);
  if (load.mode === 'hold') return { mode: 'stream', connections: 4, events: 20, seconds: 0.2 };
  if (load.mode === 'stream') return { ...load, events: 50, seconds: seconds / 2 };
  return { ...load, mode: 'closed', connections: 32, seconds };
}
