// Claude Code and Codex as they come from npm, in an environment of their own, without a network.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareEnvironment } from './program.mjs';

const PACKAGES = fileURLToPath(new URL('../agents/', import.meta.url));
const RUN_MS = 120_000;

// The packages are installed without their scripts: Claude Code's would only copy its program.
export const CLAUDE = fileOf('@anthropic-ai/claude-code', 'cli-wrapper.cjs');
export const CODEX = fileOf('@openai/codex', 'bin/codex.js');

function fileOf(name, file) {
  try {
    return path.join(path.dirname(createRequire(PACKAGES).resolve(`${name}/package.json`)), file);
  } catch {
    return null; // not installed
  }
}

// Takes the place of the network: whatever wants to leave loopback asks it, and is refused.
export class NoNetwork {
  static async start() {
    const it = new NoNetwork();
    it.asked = []; // hosts
    it.server = http.createServer((request, response) => {
      it.asked.push(request.url);
      response.writeHead(502).end();
    });
    it.server.on('connect', (request, socket) => {
      it.asked.push(request.url);
      socket.end('HTTP/1.1 502 No network\r\n\r\n');
    });
    await new Promise((resolve) => it.server.listen(0, '127.0.0.1', resolve));
    return it;
  }

  get environment() {
    const proxy = `http://127.0.0.1:${this.server.address().port}`;
    return { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy, NO_PROXY: '127.0.0.1' };
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

// A home and a directory to work in, both new and empty.
export function makePlace(dir) {
  const home = mkdtempSync(path.join(dir, 'agent-'));
  const work = path.join(home, 'work');
  mkdirSync(work);
  return { home, work };
}

export async function runClaude({ place, network, url, key, model, prompt }) {
  return await runAgent(
    CLAUDE,
    ['-p', prompt, '--output-format', 'json', '--permission-mode', 'acceptEdits', '--allowedTools', 'Bash'],
    place,
    {
      ...network.environment,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      ANTHROPIC_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
  );
}

export async function runCodex({ place, network, url, key, model, prompt }) {
  mkdirSync(path.join(place.home, '.codex'));
  writeFileSync(
    path.join(place.home, '.codex', 'config.toml'),
    `model = "${model}"
model_provider = "lmgate"
check_for_update_on_startup = false

[model_providers.lmgate]
name = "lmgate"
base_url = "${url}/v1"
env_key = "LMGATE_KEY"
wire_api = "responses"

[analytics]
enabled = false

[features]
plugins = false
`,
  );
  // Its sandbox needs rights that a container may not have.
  const flags = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];
  return await runAgent(CODEX, ['exec', ...flags, prompt], place, { ...network.environment, LMGATE_KEY: key });
}

// {code, signal, stdout, stderr}.
function runAgent(program, args, { home, work }, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: work,
      env: { ...bareEnvironment(home), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that what it starts ends with it
    });
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // it has ended
      }
    };
    process.once('exit', kill);
    const timer = setTimeout(kill, RUN_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', kill);
      kill();
      resolve({ code, signal, stdout, stderr });
    });
  });
}
