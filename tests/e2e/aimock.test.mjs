// The same client with a provider behind the gateway that we did not write: @copilotkit/aimock.
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import * as behaviour from './lib/chat_behaviour.mjs';
import { Installation } from './lib/installation.mjs';

// Its ES module needs zlib.crc32, which Debian 12's Node.js 18 does not have; the CommonJS build
// reads it only for Bedrock.
const { LLMock } = createRequire(import.meta.url)('@copilotkit/aimock');

let it;
let mock;
let client;

before(async () => {
  mock = new LLMock({ port: 0, chunkSize: 6 });
  const call = { name: 'get_weather', arguments: '{"city":"Oslo"}' };
  // The first match answers; a conversation that has the tool's result already is past the call.
  mock.on({ predicate: (request) => request.messages.at(-1).role === 'tool' }, { content: 'It is snowing in Oslo.' });
  mock.onMessage('Weather', { toolCalls: [call] });
  mock.onMessage('Good morning', { content: 'Good morning to you too, dear client.' });
  await mock.start();

  it = await Installation.create({
    replicas: 1,
    config: () => `
connections:
  aimock: {dialect: openai-chat, base_url: "${mock.url}/v1", api_key: any}
routes:
  - {model: "*", to: aimock.*}
groups:
  default: {connections: "*"}
`,
  });
  client = it.client(await it.addKey('client'));
});
after(async () => {
  await it?.destroy();
  await mock?.stop();
});

test('plain chat', () =>
  behaviour.plainChat(client, 'gpt-4o', { prompt: 'Good morning', expected: /Good morning to you too/ }));

test('streamed chat', () =>
  behaviour.streamedChat(client, 'gpt-4o', { prompt: 'Good morning', expected: /Good morning to you too/ }));

test('tool loop', () =>
  behaviour.toolLoop(client, 'gpt-4o', { prompt: 'Weather in Oslo?', result: 'snow', expected: /snowing in Oslo/ }));

test('streamed tool loop', () =>
  behaviour.streamedToolLoop(client, 'gpt-4o', { prompt: 'Weather in Oslo?', result: 'snow', expected: /snowing in Oslo/ }));
