// The unmodified OpenAI client against a data plane with the fake provider behind it.
import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { after, before, test } from 'node:test';
import { toFile } from 'openai';
import * as behaviour from './lib/chat_behaviour.mjs';
import { headerOf } from './lib/fake_provider.mjs';
import { Installation, PROVIDER_KEY } from './lib/installation.mjs';
import { waitFor } from './lib/wait.mjs';

// Debian 12's Node 18 has it, but not as a global, where the client looks for it.
globalThis.File ??= File;

let it;
let key;
let client;

before(async () => {
  it = await Installation.create({ replicas: 1 });
  key = await it.addKey('client');
  client = it.client(key);
});
after(() => it?.destroy());

const lastEntry = async () => (await it.provider.journal()).at(-1);

test('plain chat', () =>
  behaviour.plainChat(client, 'gpt-4o', { prompt: 'Good morning, gateway', expected: /Good morning, gateway/ }));

test('streamed chat', () =>
  behaviour.streamedChat(client, 'gpt-4o', { prompt: 'Good morning, gateway', expected: /Good morning, gateway/ }));

test('the stream carries the usage that the client asked for', async () => {
  const stream = await client.chat.completions.create({
    model: 'gpt-4o',
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: 'count me' }],
  });
  let usage = null;
  for await (const chunk of stream) usage = chunk.usage ?? usage;

  assert.ok(usage.total_tokens > 0);
});

test('the stream carries no usage that the client did not ask for', async () => {
  const stream = await client.chat.completions.create({
    model: 'gpt-4o',
    stream: true,
    messages: [{ role: 'user', content: 'do not count me' }],
  });
  let usage = null;
  for await (const chunk of stream) usage = chunk.usage ?? usage;

  assert.equal(usage, null);
});

test('chunks arrive as they are sent, not at the end', async () => {
  const stream = await client.chat.completions.create({
    model: 'stream-8-20-100000', // 8 events, one every 100 ms
    stream: true,
    messages: [{ role: 'user', content: 'slowly' }],
  });
  const began = performance.now();
  let first = null;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) first ??= performance.now() - began;
  }
  const all = performance.now() - began;

  assert.ok(first < all / 2, `the first event after ${first} ms, the last after ${all} ms`);
});

test('tool loop', () =>
  behaviour.toolLoop(client, 'gpt-4o', { prompt: 'Weather in Oslo?', result: 'snow, -3 C', expected: /snow, -3 C/ }));

test('streamed tool loop', () =>
  behaviour.streamedToolLoop(client, 'gpt-4o', { prompt: 'Weather in Oslo?', result: 'snow', expected: /snow/ }));

test('embeddings', async () => {
  const answer = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });

  assert.equal(answer.data.length, 2);
  assert.equal(answer.data[0].embedding.length, 1536);
  assert.notDeepEqual(answer.data[0].embedding, answer.data[1].embedding);
});

test('legacy completions, plain and streamed', async () => {
  const plain = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Once upon a time' });
  let streamed = '';
  for await (const chunk of await client.completions.create({
    model: 'gpt-3.5-turbo-instruct',
    prompt: 'Once upon a time',
    stream: true,
  })) {
    streamed += chunk.choices[0]?.text ?? '';
  }

  assert.match(plain.choices[0].text, /Once upon a time/);
  assert.equal(streamed, plain.choices[0].text);
});

test('the list of models names the routes that the key may use', async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);

  for (const id of ['our-model', 'safe', 'gpt-*']) assert.ok(models.includes(id), `${id} in ${models}`);
});

test('one model by its name', async () => {
  const model = await client.models.retrieve('our-model');

  assert.equal(model.id, 'our-model');
  assert.equal(model.object, 'model');
});

test('audio goes through as multipart, byte for byte', async () => {
  const audio = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256));
  await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: await toFile(audio, 'speech.wav') });

  const entry = await lastEntry();
  assert.equal(entry.target, '/v1/audio/transcriptions');
  assert.match(headerOf(entry, 'content-type'), /^multipart\/form-data; boundary=/);
  const body = Buffer.from(entry.body, entry.body_encoding === 'base64' ? 'base64' : 'utf8');
  assert.ok(body.includes(audio), 'the file arrived whole');
  assert.ok(body.includes('gpt-4o-transcribe'));
});

test('a path without a model goes to the default connection of the group', async () => {
  await client.files.list();

  assert.equal((await lastEntry()).target, '/v1/files');
});

test('the route renames the model and leaves every other byte', async () => {
  const body = '{"x_zeta":1, "model" : "our-model","messages":[{"role":"user","content":"h\\u00e9"}],\n "x_unknown":{"b":[1.50,null]}}';
  const response = await fetch(`${it.url()}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
  });

  assert.equal(response.status, 200);
  assert.equal((await lastEntry()).body, body.replace('our-model', 'gpt-4o'));
});

test('fallback goes on to the next target', async () => {
  const answer = await client.chat.completions.create({ model: 'safe', messages: [{ role: 'user', content: 'anyone?' }] });

  assert.match(answer.choices[0].message.content, /anyone\?/);
});

for (const [how, request] of Object.entries({
  'authorization: Bearer': (secret) => [{ authorization: `Bearer ${secret}` }, ''],
  'x-api-key': (secret) => [{ 'x-api-key': secret }, ''],
  'api-key': (secret) => [{ 'api-key': secret }, ''],
  'x-goog-api-key': (secret) => [{ 'x-goog-api-key': secret }, ''],
  '?key=': (secret) => [{}, `?key=${secret}`],
})) {
  test(`the virtual key stays here and the provider's key arrives: ${how}`, async () => {
    const [headers, query] = request(key);
    const response = await fetch(`${it.url()}/v1/chat/completions${query}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }] }),
    });

    assert.equal(response.status, 200, await response.clone().text());
    const entry = await lastEntry();
    assert.equal(headerOf(entry, 'authorization'), `Bearer ${PROVIDER_KEY}`);
    assert.ok(!JSON.stringify(entry).includes(key));
  });
}

test('no virtual key ever left, in any request of this file', async () => {
  const entries = await it.provider.journal();

  assert.ok(entries.length > 10);
  for (const entry of entries) {
    assert.ok(!JSON.stringify(entry).includes(key), `entry ${entry.seq}`);
    assert.equal(headerOf(entry, 'authorization'), `Bearer ${PROVIDER_KEY}`, `entry ${entry.seq}`);
  }
});

test('an aborted stream ends the request at the provider', async () => {
  await it.provider.clear();
  const stream = await client.chat.completions.create({
    model: 'stream-2000-20-10000', // 20 s
    stream: true,
    messages: [{ role: 'user', content: 'go on and on' }],
  });
  let chunks = 0;
  for await (const _ of stream) {
    if (++chunks === 3) stream.controller.abort();
  }

  const entry = await it.provider.waitForEntry('the provider saw the client go', (e) => e.outcome === 'client_closed');
  assert.ok(entry.chunks_sent < 1000, `${entry.chunks_sent} chunks were sent`);
  await waitFor('the access log has the aborted request', () =>
    it.accessLog().find((line) => line.code === 'client_closed'),
  );
});

test('neither secrets nor prompts are in any log', async () => {
  await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'my-private-prompt' }] });

  for (const program of [it.controlPlane, ...it.replicas]) {
    for (const secret of [key, PROVIDER_KEY, 'my-private-prompt']) {
      assert.ok(!program.log().includes(secret), `${program.name} logged ${secret}`);
    }
  }
});
