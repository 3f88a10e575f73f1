// A whole installation in a directory of its own: control plane, data planes, a provider, lmctl.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import OpenAI from 'openai';
import { FakeProvider } from './fake_provider.mjs';
import { freePorts } from './ports.mjs';
import { bareEnvironment, Program, run } from './program.mjs';
import { waitFor } from './wait.mjs';

// The credential at the provider. Data planes find it in their environment; clients never see it.
export const PROVIDER_KEY = 'provider-secret-8Jd0aKq2';

const READY_MS = 30_000; // sanitizer builds start slowly
const REPLICAS_MAX = 4;

export class Installation {
  // replicas: data planes to start. config: text of the file to apply, given the installation; null =
  // the default one; false = none.
  static async create({ replicas = 2, config = null } = {}) {
    const it = new Installation();
    it.dir = mkdtempSync(path.join(os.tmpdir(), 'lmgate-e2e-'));
    it.env = bareEnvironment(it.dir);
    const ports = await freePorts(4 + 2 * REPLICAS_MAX);
    [it.grpcPort, it.controlHttpPort, it.providerPort, it.closedPort] = ports;
    it.replicaPorts = Array.from({ length: REPLICAS_MAX }, (_, i) => ports.slice(4 + 2 * i, 6 + 2 * i));
    it.replicas = [];
    it.controlPlane = null;
    try {
      it.provider = await FakeProvider.start({
        port: it.providerPort,
        env: it.env,
        cwd: it.dir,
        logFile: it.file('fakeprovider.log'),
      });
      await it.startControlPlane();
      for (let i = 0; i < replicas; ++i) await it.startDataPlane(i);
      if (config !== false) await it.apply(config === null ? defaultConfig(it) : config(it));
    } catch (error) {
      await it.destroy();
      throw error;
    }
    return it;
  }

  // Ends all that runs, newest first, and removes the directory unless LMGATE_E2E_KEEP is set.
  async destroy() {
    const programs = [...this.replicas.filter(Boolean), this.controlPlane, this.provider?.program];
    await Promise.all(programs.filter(Boolean).map((program) => program.stop('SIGKILL')));
    const reports = programs.filter(Boolean).map((program) => program.sanitizerReport());
    if (process.env.LMGATE_E2E_KEEP === undefined) rmSync(this.dir, { recursive: true, force: true });
    // Also of a program that no test missed any more.
    if (reports.some(Boolean)) throw new Error(reports.join('\n'));
  }

  file(name) {
    return path.join(this.dir, name);
  }

  // ---- the control plane

  controlPlaneArguments() {
    return [
      '--grpc-listen', `127.0.0.1:${this.grpcPort}`,
      '--http-listen', `127.0.0.1:${this.controlHttpPort}`,
      '--database', `sqlite:${this.file('lmgate.db')}`,
      '--state-dir', this.file('control'),
      '--env-file', '',
    ];
  }

  async startControlPlane() {
    this.controlPlane = new Program('lmgate-controlplane', this.controlPlaneArguments(), {
      env: this.env,
      cwd: this.dir,
      logFile: this.file('controlplane.log'),
    });
    await this.waitReady(this.controlPlane, this.controlHttpPort);
  }

  // ---- data planes

  dataPlaneArguments(index) {
    const [port, adminPort] = this.replicaPorts[index];
    return [
      '--listen', `127.0.0.1:${port}`,
      '--admin-listen', `127.0.0.1:${adminPort}`,
      '--control-plane', `127.0.0.1:${this.grpcPort}`,
      '--token-file', this.file('control/replica.token'),
      '--state-dir', this.file(`replica-${index}`),
      '--replica-id', `replica-${index}`,
      '--workers', '2',
      '--env-file', '',
    ];
  }

  spawnDataPlane(index, flags = []) {
    this.replicas[index] = new Program('lmgate-dataplane', [...this.dataPlaneArguments(index), ...flags], {
      env: { ...this.env, FAKE_PROVIDER_KEY: PROVIDER_KEY },
      cwd: this.dir,
      logFile: this.file(`dataplane-${index}.log`),
    });
    return this.replicas[index];
  }

  async startDataPlane(index, flags = []) {
    const program = this.spawnDataPlane(index, flags);
    await this.waitReady(program, this.replicaPorts[index][1]);
    return program;
  }

  async waitReady(program, port) {
    await waitFor(`${program.name} is ready`, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, {
      timeoutMs: READY_MS,
      unless: () => program.endText(),
    });
  }

  // Address of a data plane's traffic port.
  url(index = 0) {
    return `http://127.0.0.1:${this.replicaPorts[index][0]}`;
  }

  adminUrl(index = 0) {
    return `http://127.0.0.1:${this.replicaPorts[index][1]}`;
  }

  // Finished requests, oldest first, as data plane `index` logged them.
  accessLog(index = 0) {
    return this.replicas[index]
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"request_id"'))
      .map((line) => JSON.parse(line));
  }

  // ---- lmctl

  // {code, stdout, stderr}; an exit code other than `expect` is an error.
  async lmctl(args, { input = '', expect = 0, env = {} } = {}) {
    const result = await run('lmctl', args, {
      env: {
        ...this.env,
        LMCTL_SERVER: `127.0.0.1:${this.grpcPort}`,
        LMCTL_TOKEN: readFileSync(this.file('control/admin.token'), 'utf8').trim(),
        ...env,
      },
      cwd: this.dir,
      input,
    });
    if (result.code !== expect) {
      throw new Error(
        `lmctl ${args.join(' ')}: exit code ${result.code}, expected ${expect}\n${result.stdout}${result.stderr}`,
      );
    }
    return result;
  }

  async lmctlJson(args) {
    return JSON.parse((await this.lmctl([...args, '-o', 'json'])).stdout);
  }

  async apply(text, options = {}) {
    writeFileSync(this.file('config.yaml'), text);
    return await this.lmctl(['apply', '-f', this.file('config.yaml')], options);
  }

  // Adds a key and gives its secret back.
  async addKey(name, ...flags) {
    const group = flags.includes('--group') ? [] : ['--group', 'default'];
    return (await this.lmctl(['keys', 'add', name, ...group, ...flags, '-q'])).stdout.trim();
  }

  async status() {
    return await this.lmctlJson(['status']);
  }

  // ---- clients

  // The unmodified OpenAI client, retries off so that each failure is seen.
  client(key, index = 0, options = {}) {
    return new OpenAI({ apiKey: key, baseURL: `${this.url(index)}/v1`, maxRetries: 0, timeout: 20_000, ...options });
  }
}

export function defaultConfig(it) {
  const fake = `dialect: openai-chat, base_url: "http://127.0.0.1:${it.providerPort}/v1"`;
  return `
connections:
  fake: {${fake}, api_key: env:FAKE_PROVIDER_KEY}
  hasty: {${fake}, api_key: env:FAKE_PROVIDER_KEY, timeouts: {header: 300ms, first_token: 300ms, idle: 300ms}}
  closed: {dialect: openai-chat, base_url: "http://127.0.0.1:${it.closedPort}/v1", auth: none}
  secretless: {${fake}, api_key: env:THIS_VARIABLE_IS_NOT_SET}
routes:
  - {name: hasty, model: "hasty/*", strip_prefix: "hasty/", to: hasty.*}
  - {name: closed, model: "closed/*", to: closed.*}
  - {name: secretless, model: "secretless/*", to: secretless.*}
  - {name: renamed, model: our-model, to: fake.gpt-4o}
  - {name: fallback, model: safe, strategy: fallback, to: [{connection: closed, model: x}, {connection: fake, model: gpt-4o}]}
  - {name: gpt, model: "gpt-*", to: fake.*}
  - {name: embeddings, model: "text-embedding-*", to: fake.*}
  - {name: faults, model: "[!n]*", to: fake.*}
groups:
  default: {connections: "*", default_connection: fake}
  narrow: {connections: [fake], models: ["gpt-*"]}
  nothing: {}
`;
}
