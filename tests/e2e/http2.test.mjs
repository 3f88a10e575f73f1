// HTTP/2 by prior knowledge, as the AWS SDK for JavaScript speaks it: Node's own client.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { Installation } from './lib/installation.mjs';
import { waitFor } from './lib/wait.mjs';

let it;
let key;
let session;

before(async () => {
  it = await Installation.create({ replicas: 1 });
  key = await it.addKey('client');
  session = http2.connect(it.url());
});
after(async () => {
  session?.destroy();
  await it?.destroy();
});

// A chat request under way: {stream, answer}, the answer {status, body} when it has ended.
function chat(model, { stream = false, content = 'hello', secret = key } = {}) {
  const request = session.request({
    ':method': 'POST',
    ':path': '/v1/chat/completions',
    'content-type': 'application/json',
    authorization: `Bearer ${secret}`,
  });
  request.setEncoding('utf8');
  const answer = new Promise((resolve, reject) => {
    let status = 0;
    let body = '';
    request.on('response', (headers) => (status = headers[':status']));
    request.on('data', (text) => (body += text));
    request.on('end', () => resolve({ status, body }));
    request.on('error', reject);
  });
  request.end(JSON.stringify({ model, stream, messages: [{ role: 'user', content }] }));
  return { request, answer };
}

test('plain and streamed answers, and errors, on one connection', async () => {
  const plain = await chat('gpt-4o').answer;
  const streamed = await chat('gpt-4o', { stream: true }).answer;
  const refused = await chat('gpt-4o', { secret: 'sk-unknown' }).answer;

  assert.equal(plain.status, 200);
  assert.match(plain.body, /You said: hello/);
  assert.equal(streamed.status, 200);
  assert.ok(streamed.body.endsWith('data: [DONE]\n\n'));
  assert.equal(refused.status, 401);
  assert.equal(JSON.parse(refused.body).error.code, 'invalid_api_key');
});

test('a hundred requests at once, each with its own answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => chat('gpt-4o', { stream: i % 2 === 0, content: `number<${i}>` }).answer),
  );

  for (const { status } of answers) assert.equal(status, 200);
  assert.match(answers[77].body, /number<77>/);
});

test('long bodies both ways', async () => {
  const long = 'x'.repeat(3_000_000);

  const up = await chat('gpt-4o', { content: long }).answer;
  const down = await chat('size-3000000').answer;

  assert.equal(up.status, 200);
  assert.equal(JSON.parse(down.body).choices[0].message.content.length, 3_000_000);
});

test('a stream that the client gives up is logged as that, and the others go on', async () => {
  const { request, answer } = chat('stall-after-2', { stream: true });
  answer.catch(() => {});
  await new Promise((resolve) => request.once('data', resolve));

  request.close(http2.constants.NGHTTP2_CANCEL);

  await waitFor('the access log has it', () => it.accessLog().some((line) => line.code === 'client_closed'));
  assert.equal((await chat('gpt-4o').answer).status, 200);
});

test('a data plane that stops finishes the streams under way', async () => {
  const { request, answer } = chat('drip-30', { stream: true });
  await new Promise((resolve) => request.once('data', resolve));

  const stopped = it.replicas[0].stop('SIGTERM');

  assert.ok((await answer).body.endsWith('data: [DONE]\n\n'));
  await stopped;
});
