// Claude Code and Codex work with models whose provider speaks another dialect than theirs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CLAUDE, CODEX, makePlace, NoNetwork, runClaude, runCodex } from './lib/agents.mjs';
import { dialectConfig } from './lib/dialect_config.mjs';
import { Installation } from './lib/installation.mjs';
import { waitFor } from './lib/wait.mjs';

const skip = CLAUDE === null || CODEX === null ? 'npm ci --ignore-scripts in tests/e2e/agents' : false;
const FILE = 'made.txt';

// How each agent asks a model to call the tool that runs a command, by the names that they offer.
const BASH = (command) => `call tool Bash with ${JSON.stringify({ command, description: 'Make a file' })}`;
const EXEC_COMMAND = (command) => `call tool exec_command with ${JSON.stringify({ cmd: command })}`;
// Codex's newer models write JavaScript into a freeform tool of a namespace.
const EXEC = (command) => {
  const input = `text((await tools.exec_command(${JSON.stringify({ cmd: command })})).output)`;
  return `call tool functions_exec* with ${JSON.stringify({ input })}`;
};

// The agents send other fields for other models: thinking by budget or by effort, tools in `tools`
// or in `input`.
const RUNS = [
  { agent: runClaude, ask: BASH, model: 'claude-opus-4-8', to: 'openai-chat.gpt-5' },
  { agent: runClaude, ask: BASH, model: 'claude-sonnet-4-6', to: 'openai-responses.gpt-5' },
  { agent: runClaude, ask: BASH, model: 'claude-sonnet-4-5', to: 'gemini.gemini-3-pro-preview' },
  { agent: runClaude, ask: BASH, model: 'claude-haiku-4-5', to: 'gemini.gemini-2.5-flash' },
  { agent: runClaude, ask: BASH, model: 'claude-opus-4-5', to: 'bedrock.anthropic.claude-sonnet-4-5-v1:0' },
  { agent: runCodex, ask: EXEC_COMMAND, model: 'gpt-5.1-codex', to: 'anthropic.claude-sonnet-4-5' },
  { agent: runCodex, ask: EXEC_COMMAND, model: 'gpt-5.1-codex-mini', to: 'openai-chat.gpt-5' },
  { agent: runCodex, ask: EXEC_COMMAND, model: 'gpt-5.1-codex-max', to: 'gemini.gemini-2.5-flash' },
  { agent: runCodex, ask: EXEC, model: 'gpt-6.1-sol', to: 'anthropic.claude-sonnet-4-5' },
  { agent: runCodex, ask: EXEC, model: 'gpt-6-luna', to: 'bedrock.anthropic.claude-sonnet-4-5-v1:0' },
  { agent: runCodex, ask: EXEC, model: 'gpt-6-sol', to: 'gemini.gemini-3-pro-preview' },
  { agent: runCodex, ask: EXEC, model: 'gpt-5.6-sol', to: 'openai-chat.gpt-5' },
];

const config = ({ provider }) =>
  dialectConfig(provider, RUNS.map(({ model, to }) => `{name: ${model.replaceAll('.', '-')}, model: ${model}, to: "${to}"}`));

describe('agents', { skip }, () => {
  let it;
  let key;
  let network;

  before(async () => {
    network = await NoNetwork.start();
    it = await Installation.create({ replicas: 1, config });
    key = await it.addKey('agents');
  });
  after(async () => {
    network?.stop();
    await it?.destroy();
  });

  for (const [number, { agent, ask, model, to }] of RUNS.entries()) {
    const name = agent === runClaude ? 'Claude Code' : 'Codex';
    const backend = to.slice(0, to.indexOf('.'));

    test(`${name}, ${model}, ${backend} provider: carries out a tool call and finishes`, async () => {
      const mark = `mark-${number}-Qz7`;
      const place = makePlace(it.dir);
      const before = it.accessLog().length;

      const result = await agent({
        place,
        network,
        url: it.url(),
        key,
        model,
        prompt: `Please ${ask(`echo ${mark} | tee ${FILE}`)} now.`,
      });

      const said = `${result.stdout}\n${result.stderr}`;
      assert.equal(result.code, 0, said);
      assert.equal(readFileSync(path.join(place.work, FILE), 'utf8'), `${mark}\n`, said);
      assert.match(finalText(agent, result.stdout), new RegExp(`^The tool said: [^]*${mark}`), said);
      const requests = await waitFor('both requests are logged', () => {
        const logged = it.accessLog().slice(before);
        return logged.length >= 2 && logged;
      });
      for (const request of requests) {
        assert.equal(request.status, 200, JSON.stringify(request));
        assert.equal(request.code, 'ok', JSON.stringify(request));
        assert.equal(request.connection, backend, JSON.stringify(request));
      }
      assert.deepEqual(network.asked, []);
    });
  }
});

function finalText(agent, stdout) {
  if (agent === runCodex) return stdout; // that alone
  const result = JSON.parse(stdout);
  assert.equal(result.is_error, false, stdout);
  return result.result;
}
