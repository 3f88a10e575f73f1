// Every SDK against a provider of every dialect: text, streams, tool loops, thinking, images, errors.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dialectConfig, FRONTENDS, makeSdks, skip, TARGETS } from './lib/dialect_config.mjs';
import { Installation } from './lib/installation.mjs';

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const config = ({ provider }) => dialectConfig(provider);

describe('dialects', { skip }, () => {
  let it;
  let sdk; // by frontend

  before(async () => {
    it = await Installation.create({ replicas: 1, config });
    sdk = await makeSdks(it);
  });
  after(() => it?.destroy());

  for (const frontend of FRONTENDS) {
    for (const { backend, model, name: target } of TARGETS) {
      const named = (name) => `${backend}.${name}`;

      for (const stream of [false, true]) {
        const how = stream ? 'streamed' : 'plain';
        const name = `${frontend} client, ${target} provider, ${how}`;

        test(`${name}: text, system text, usage`, async () => {
          const answer = await sdk[frontend].chat({
            model,
            stream,
            messages: [{ role: 'system', text: 'Be kind.' }, { role: 'user', text: 'Good morning, ünïcödé 😀' }],
          });
          assert.equal(answer.text, 'You said: Good morning, ünïcödé 😀');
          assert.equal(answer.finish, 'stop');
          assert.ok(answer.usage.input > 0 && answer.usage.output > 0, JSON.stringify(answer.usage));

          const system = await sdk[frontend].chat({
            model,
            stream,
            messages: [{ role: 'system', text: 'Be kind.' }, { role: 'user', text: 'system?' }],
          });
          assert.match(system.text, /Be kind\./);
        });

        test(`${name}: an image`, async () => {
          const answer = await sdk[frontend].chat({
            model,
            stream,
            messages: [{ role: 'user', text: 'look', image: PIXEL }],
          });
          assert.match(answer.text, /image\/png/);
        });

        for (const thinking of [false, true]) {
          test(`${name}: a tool loop of three turns${thinking ? ', thinking' : ''}`, async () => {
            const { WEATHER, CLOCK } = await import('./lib/sdk_clients.mjs');
            const tools = [WEATHER, CLOCK];
            const messages = [{ role: 'user', text: 'Weather in Bonn?' }];
            const first = await sdk[frontend].chat({ model, stream, messages, tools, thinking });
            assert.equal(first.finish, 'tools');
            assert.equal(first.calls[0].name, 'get_weather');
            assert.equal(typeof first.calls[0].arguments.city, 'string');
            // Gemini 2.5 itself gives none.
            assert.ok(first.calls[0].id || frontend === backend);

            messages.push({ role: 'assistant', raw: first.raw });
            for (const call of first.calls) {
              messages.push({ role: 'tool', id: call.id, name: call.name, result: 'sunny, 21 degrees' });
            }
            const second = await sdk[frontend].chat({ model, stream, messages, tools, thinking });
            assert.match(second.text, /The tool said: .*sunny, 21 degrees/);
            assert.equal(second.finish, 'stop');

            messages.push({ role: 'assistant', raw: second.raw }, { role: 'user', text: 'And the time?' });
            const third = await sdk[frontend].chat({ model, stream, messages, tools, thinking });
            assert.equal(third.finish, 'tools');
            messages.push({ role: 'assistant', raw: third.raw });
            for (const call of third.calls) {
              messages.push({ role: 'tool', id: call.id, name: call.name, result: 'noon' });
            }
            const last = await sdk[frontend].chat({ model, stream, messages, tools, thinking });
            assert.match(last.text, /The tool said: .*noon/);
          });
        }

        test(`${name}: calls of two tools at once`, async () => {
          const { WEATHER, CLOCK } = await import('./lib/sdk_clients.mjs');
          const tools = [WEATHER, CLOCK];
          const messages = [{ role: 'user', text: 'all tools' }];
          const extra = frontend.startsWith('openai') ? { parallel_tool_calls: true } : {};
          const first = await sdk[frontend].chat({ model, stream, messages, tools, extra });
          assert.deepEqual(
            first.calls.map((call) => call.name),
            ['get_weather', 'get_time'],
          );
          messages.push({ role: 'assistant', raw: first.raw });
          // In another order than they were asked for.
          for (const call of first.calls.toReversed()) {
            messages.push({ role: 'tool', id: call.id, name: call.name, result: `from ${call.name}` });
          }
          const second = await sdk[frontend].chat({ model, stream, messages, tools, extra });
          assert.match(second.text, /from get_weather/);
          assert.match(second.text, /from get_time/);
        });

        if (frontend === 'openai-chat' || frontend === 'gemini') {
          test(`${name}: two answers`, async () => {
            const answer = await sdk[frontend].chat({
              model,
              stream,
              n: 2,
              messages: [{ role: 'user', text: 'twice' }],
            });
            assert.deepEqual(answer.texts, ['You said: twice', 'You said: twice']);
            assert.ok(answer.usage.output > 0);
          });
        }

        test(`${name}: an answer by a schema`, async () => {
          const answer = await sdk[frontend].chat({
            model,
            stream,
            messages: [{ role: 'user', text: 'as JSON' }],
            schema: {
              type: 'object',
              properties: { city: { type: 'string' } },
              required: ['city'],
              additionalProperties: false,
            },
          });
          assert.equal(typeof JSON.parse(answer.text).city, 'string');
          assert.equal(answer.finish, 'stop');
        });

        test(`${name}: a provider's error is the SDK's own class`, async () => {
          const failing = (fault) =>
            sdk[frontend].chat({ model: named(fault), stream, messages: [{ role: 'user', text: 'hi' }] });
          await assert.rejects(failing('status-429'), (error) => isRateLimit(frontend, error, sdk[frontend]));
          await assert.rejects(failing('status-400'), (error) => isBadRequest(frontend, error, sdk[frontend]));
        });
      }

      test(`${frontend} client, ${target} provider: a stream that is cut is an error`, async () => {
        await assert.rejects(
          sdk[frontend].chat({ model: named('cut-after-3'), stream: true, messages: [{ role: 'user', text: 'one two three four five' }] }),
        );
      });
    }
  }

  test('the AWS SDK as it is, by HTTP/2 and with the key as its access key id', async () => {
    const { ConverseSdk } = await import('./lib/sdk_clients.mjs');
    const signing = new ConverseSdk(it.url(), '', {
      requestHandler: undefined,
      token: undefined,
      authSchemePreference: ['sigv4'],
      credentials: { accessKeyId: await it.addKey('aws'), secretAccessKey: 'anything' },
    });
    for (const stream of [false, true]) {
      const answer = await signing.chat({
        model: 'openai-chat.gpt-5',
        stream,
        messages: [{ role: 'user', text: 'hello over there' }],
      });
      assert.equal(answer.text, 'You said: hello over there');
    }
    signing.client.destroy();
  });
});

function isRateLimit(frontend, error, { errors }) {
  if (errors) return error instanceof errors.RateLimitError;
  return frontend === 'gemini' ? error.status === 429 : error.name === 'ThrottlingException';
}

function isBadRequest(frontend, error, { errors }) {
  if (errors) return error instanceof errors.BadRequestError;
  return frontend === 'gemini' ? error.status === 400 : error.name === 'ValidationException';
}
