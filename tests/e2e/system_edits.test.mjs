// A route's edits of system prompts, on every pair of dialects and on pass-through; and lmctl's way with them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BACKENDS, dialectConfig, FRONTENDS, makeSdks, modelOf, routesByDialect, skip } from './lib/dialect_config.mjs';
import { Installation } from './lib/installation.mjs';

const EDITS = `{replace: [{from: Claude, to: Robin}, {from: Robin, to: Bot}], append: "Be \\"terse\\".\\n", inject_progress: true}`;

const config = ({ provider }) => dialectConfig(provider, routesByDialect(`system: ${EDITS}`));

describe('system edits', { skip }, () => {
  let it;
  let sdk; // by frontend

  before(async () => {
    it = await Installation.create({ replicas: 1, config });
    sdk = await makeSdks(it);
  });
  after(() => it?.destroy());

  for (const frontend of FRONTENDS) {
    for (const backend of BACKENDS) {
      const model = modelOf(backend);

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
