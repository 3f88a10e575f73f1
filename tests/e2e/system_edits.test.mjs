// A route's edits of system prompts, on every pair of dialects and on pass-through; and lmctl's way with them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Installation } from './lib/installation.mjs';

// @google/genai and the AWS SDK need it; Debian 12's own Node is 18.
const NODE_MAJOR_MIN = 20;
const skip = Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN ? `needs Node ${NODE_MAJOR_MIN}` : false;

const BACKENDS = ['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'bedrock'];
const FRONTENDS = [...BACKENDS.slice(0, 4), 'bedrock converse', 'bedrock invoke'];
const MODELS = { anthropic: 'claude-sonnet-4-5', gemini: 'gemini-2.5-flash', bedrock: 'anthropic.claude-sonnet-4-5-v1:0' };
const EDITS = `{replace: [{from: Claude, to: Robin}, {from: Robin, to: Bot}], append: "Be \\"terse\\".\\n", inject_progress: true}`;

const config = ({ provider }) => `
connections:
  openai-chat: {dialect: openai-chat, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY}
  openai-responses: {dialect: openai-responses, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY}
  anthropic: {dialect: anthropic, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY, auth: {header: x-api-key}}
  gemini: {dialect: gemini, base_url: ${provider.url}/v1beta, api_key: env:FAKE_PROVIDER_KEY, auth: {header: x-goog-api-key}}
  bedrock: {dialect: bedrock, base_url: ${provider.url}, api_key: env:FAKE_PROVIDER_KEY}
routes:
${BACKENDS.map((name) => `  - {name: ${name}, model: "${name}.*", strip_prefix: "${name}.", to: "${name}.*", system: ${EDITS}}`).join('\n')}
groups:
  default: {connections: "*"}
`;

describe('system edits', { skip }, () => {
  let it;
  let sdk; // by frontend

  before(async () => {
    const { SDKS } = await import('./lib/sdk_clients.mjs');
    it = await Installation.create({ replicas: 1, config });
    const key = await it.addKey('sdks');
    sdk = Object.fromEntries(Object.entries(SDKS).map(([name, Sdk]) => [name, new Sdk(it.url(), key)]));
  });
  after(() => it?.destroy());

  for (const frontend of FRONTENDS) {
    for (const backend of BACKENDS) {
      const model = `${backend}.${MODELS[backend] ?? 'gpt-5'}`;

      test(`${frontend} client, ${backend} provider: a system prompt is edited`, async () => {
        const answer = await sdk[frontend].chat({
          model,
          messages: [{ role: 'system', text: 'You are Claude.' }, { role: 'user', text: 'system?' }],
        });

        assert.match(answer.text, /You are Bot\./);
        assert.match(answer.text, /Be "terse"\./);
        assert.match(answer.text, /Current task: system\?/);
        assert.doesNotMatch(answer.text, /Claude/);
      });

      test(`${frontend} client, ${backend} provider: without a system prompt there is one`, async () => {
        const answer = await sdk[frontend].chat({ model, messages: [{ role: 'user', text: 'system?' }] });

        assert.match(answer.text, /Be "terse"\./);
      });
    }
  }

  test('lmctl gives the edits back, and changes them', async () => {
    const exported = await it.lmctl(['export']);
    assert.match(exported.stdout, /inject_progress: true/);
    assert.match(exported.stdout, /from: Claude/);

    await it.lmctl(['routes', 'update', 'gemini', '--system-append', 'Be long.', '--clear', 'system.replace']);

    const { system } = JSON.parse((await it.lmctl(['routes', 'show', 'gemini', '-o', 'json'])).stdout);
    assert.deepEqual(system, { append: 'Be long.', inject_progress: true });
  });
});
