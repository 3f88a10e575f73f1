// One cell: one case on one peer, with processes of its own.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fitLoad, HOLD_SETTLE, warmUpLoad } from './cases.mjs';
import { PEERS } from './peers.mjs';
import { cpuSeconds, machineTicks, memoryKib } from './proc.mjs';
import { delay, freePortPair, Process } from './processes.mjs';

// The proxy has one CPU for itself; client, upstream and this script share the other.
export const PROXY_CPU = 1;
export const LOAD_CPU = 0;

// What nginx is told, which allots memory for each at start. It closes idle ones when fewer than a
// sixteenth are free.
const CONNECTIONS = 8192;
const HOLD_CONNECTIONS_PER_DESCRIPTOR = 1.1;

// run: {build, tls, directory, descriptors, secs, comparePortkey}.
export class Cell {
  constructor(run, name, definition, peerName) {
    Object.assign(this, { run, name, definition, peerName, peer: PEERS[peerName] });
    this.directory = path.join(run.directory, `${name}-${peerName}`);
    this.pinned = !definition.unpinned;
    this.complaints = [];
  }

  // What was seen: plain data. `errors` > 0 = nothing of it is to be used.
  async measure() {
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true });
    const result = { case: this.name, peer: this.peerName };
    try {
      await this.#startUpstream();
      await this.#startPeer();
      if (this.proxy !== null) result.rssIdleKib = memoryKib(this.proxy.pid, 'VmRSS');
      await this.#load(warmUpLoad(this.#variant('load'), this.run));
      Object.assign(result, await this.#measureLoad());
      await this.#measureSchedules(result);
      if (this.proxy !== null) result.rssMaxKib = memoryKib(this.proxy.pid, 'VmHWM');
    } catch (error) {
      this.complaints.push(error.message);
    } finally {
      await this.proxy?.stop();
      await this.upstream?.stop();
    }
    result.errors = this.complaints.length;
    if (result.errors > 0) result.complaints = this.complaints;
    // The access logs of millions of requests; what a failed peer has said is kept.
    if (result.errors === 0) rmSync(this.directory, { recursive: true, force: true });
    return result;
  }

  // `load` or `schedule`, as this peer gets it.
  #variant(what, peerName = this.peerName) {
    const { definition } = this;
    return (peerName === 'portkey' ? definition.portkey?.[what] : undefined) ?? definition[what];
  }

  async #startUpstream() {
    const tls = this.definition.upstreamTls || (this.definition.clientTls && this.peerName === 'direct');
    const files = tls ? [this.run.tls.certificate, this.run.tls.key] : [];
    await new Promise((resolve, reject) => {
      this.upstream = new Process([path.join(this.run.build, 'tests/bench_upstream'), ...files], {
        cpu: this.pinned ? LOAD_CPU : null,
        log: path.join(this.directory, 'upstream.log'),
        cwd: this.directory,
        onLine: (line) => resolve((this.upstreamPort = Number(line))),
      });
      this.upstream.ended.then((code) =>
        reject(new Error(`upstream ended with ${code}: ${this.upstream.logTail()}`)),
      );
    });
    await this.upstream.waitForListener(this.upstreamPort);
  }

  async #startPeer() {
    const { definition, run } = this;
    this.proxy = null;
    this.headers = [];
    this.port = this.upstreamPort;
    if (this.peer.start === undefined) return;
    this.port = await freePortPair();
    const holds = definition.load.mode === 'hold';
    const cell = {
      ...run,
      port: this.port,
      upstreamPort: this.upstreamPort,
      upstreamTls: definition.upstreamTls === true,
      clientTls: definition.clientTls === true,
      directory: this.directory,
      connections: holds ? Math.ceil(run.descriptors * HOLD_CONNECTIONS_PER_DESCRIPTOR) : CONNECTIONS,
    };
    const { command, env } = this.peer.start(cell);
    this.headers = this.peer.headers?.(cell) ?? [];
    this.proxy = new Process(command, {
      cpu: this.pinned ? PROXY_CPU : null,
      log: path.join(this.directory, 'peer.log'),
      cwd: this.directory,
      env,
    });
    await this.proxy.waitForListener(this.port);
  }

  // Runs bench_load to its end. onHeld: when all streams of hold are open.
  async #load({ mode, ...options }, onHeld = () => {}) {
    const tls = this.definition.clientTls || (this.definition.upstreamTls && this.peerName === 'direct');
    const named = Object.entries({ ...options, port: this.port, tls: tls ? 1 : 0 });
    const words = [
      ...named.map(([name, value]) => [`--${name}`, String(value)]),
      ...this.headers.map((each) => ['--header', each]),
    ].flat();
    let seen = null;
    let held = null;
    const client = new Process([path.join(this.run.build, 'tests/bench_load'), mode, ...words], {
      cpu: this.pinned ? LOAD_CPU : null,
      log: path.join(this.directory, 'load.log'),
      cwd: this.directory,
      onLine: (line) => {
        const report = JSON.parse(line);
        if (report.held === undefined) seen = report;
        else held = onHeld();
      },
    });
    const code = await client.ended;
    await held;
    if (code !== 0) {
      const counts = seen === null ? '' : `${seen.errors} errors, ${seen.lost} lost events: `;
      this.lost = (this.lost ?? 0) + (seen?.lost ?? 0);
      const peerEnd = this.proxy?.exitCode ?? null;
      const ended = peerEnd === null ? '' : `; the peer had ended with ${peerEnd}: ${this.proxy.logTail()}`;
      throw new Error(`${mode}: ${counts}${client.logTail()}${ended}`);
    }
    return seen;
  }

  // The measurement: throughput, CPU time and memory, and the latency when it has a schedule.
  async #measureLoad() {
    const { definition, proxy, upstream } = this;
    const load = fitLoad(this.#variant('load'), this.run, definition.stretch);
    const cpu = () => (proxy === null ? null : cpuSeconds(proxy.pid));
    const before = { proxy: cpu(), upstream: cpuSeconds(upstream.pid), machine: machineTicks() };
    const rssBefore = proxy === null ? 0 : memoryKib(proxy.pid, 'VmRSS');
    let rssHeld = null;
    const seen = await this.#load(load, async () => {
      await delay(HOLD_SETTLE * 1000);
      if (proxy !== null) rssHeld = memoryKib(proxy.pid, 'VmRSS');
    });
    const after = { proxy: cpu(), upstream: cpuSeconds(upstream.pid), machine: machineTicks() };

    const units = definition.unit === 'event' ? seen.events : seen.requests;
    const result = {
      units,
      perSecond: units / seen.seconds,
      clientCpuUs: (seen.client_cpu_seconds / units) * 1e6,
      upstreamCpuUs: ((after.upstream.total - before.upstream.total) / units) * 1e6,
      machineBusy: (after.machine.busy - before.machine.busy) / (after.machine.total - before.machine.total),
    };
    if (definition.latency !== null && definition.schedule === undefined) result.latencyUs = seen[definition.latency];
    if (proxy === null) return result;

    const used = (name) => after.proxy[name] - before.proxy[name];
    result.cpuUs = (used('total') / units) * 1e6;
    result.userShare = used('user') / (used('user') + used('system'));
    if (load.mode === 'hold') {
      result.streams = load.connections;
      if (rssHeld === null) throw new Error('the streams were never all open at once');
      result.kibPerStream = (rssHeld - rssBefore) / load.connections;
    }
    return result;
  }

  // The latency at a fixed rate of requests; for direct at Portkey's as well.
  async #measureSchedules(result) {
    const { definition, run } = this;
    const key = definition.latency;
    if (definition.schedule !== undefined) {
      result.latencyUs = (await this.#load(fitLoad(this.#variant('schedule'), run)))[key];
    }
    const { portkey = {} } = definition;
    const slow = portkey.schedule ?? portkey.load;
    if (this.peerName !== 'direct' || !run.comparePortkey || key === null) return;
    if (slow === undefined || portkey.withoutDirect) return;
    result.latencyAtPortkeysPaceUs = (await this.#load(fitLoad(slow, run, definition.stretch)))[key];
  }
}
