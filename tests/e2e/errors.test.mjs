// Each failure reaches the OpenAI client as the class, the code and the hints that it switches on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { Installation } from './lib/installation.mjs';

let it;
let key;

before(async () => {
  it = await Installation.create({ replicas: 1 });
  key = await it.addKey('client');
});
after(() => it?.destroy());

// The error of one chat request.
async function errorOf(secret, model, params = {}) {
  try {
    await it.client(secret).chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'hello' }],
      ...params,
    });
  } catch (error) {
    return error;
  }
  return assert.fail(`${model} was answered`);
}

function assertError(error, { type, status, code }) {
  assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
  assert.equal(error.status, status);
  assert.equal(error.code, code);
  // OpenAI's shape: all four fields, always.
  assert.deepEqual(Object.keys(error.error).sort(), ['code', 'message', 'param', 'type']);
  assert.ok(error.requestID, 'every error names its request');
}

// Another character somewhere in the secret part.
const mistype = (secret) => secret.slice(0, -9) + (secret.at(-9) === 'a' ? 'b' : 'a') + secret.slice(-8);

test('a key that nobody issued is 401', async () => {
  assertError(await errorOf('sk-unknown-unknown', 'gpt-4o'), {
    type: OpenAI.AuthenticationError,
    status: 401,
    code: 'invalid_api_key',
  });
});

test('a key with a typo is 401 and is not repeated', async () => {
  const error = await errorOf(mistype(key), 'gpt-4o');

  assertError(error, { type: OpenAI.AuthenticationError, status: 401, code: 'invalid_api_key' });
  assert.ok(!error.message.includes(mistype(key)));
});

for (const [what, headers] of Object.entries({
  'no key': {},
  'an empty key': { authorization: 'Bearer ' },
  'an empty x-api-key': { 'x-api-key': '' },
})) {
  test(`${what} is 401`, async () => {
    const response = await fetch(`${it.url()}/v1/models`, { headers });

    assert.equal(response.status, 401);
    assert.equal((await response.json()).error.code, 'invalid_api_key');
  });
}

test('a blocked, a revoked and an expired key are 401 and say so', async () => {
  const blocked = await it.addKey('to-block');
  await it.lmctl(['keys', 'block', 'to-block']);
  const revoked = await it.addKey('to-revoke');
  await it.lmctl(['keys', 'revoke', 'to-revoke', '--yes']);

  assertError(await errorOf(blocked, 'gpt-4o'), {
    type: OpenAI.AuthenticationError,
    status: 401,
    code: 'key_blocked',
  });
  assert.equal((await errorOf(revoked, 'gpt-4o')).status, 401);
});

test('a model outside the group is 403', async () => {
  const narrow = await it.addKey('narrow', '--group', 'narrow');

  assertError(await errorOf(narrow, 'our-model'), {
    type: OpenAI.PermissionDeniedError,
    status: 403,
    code: 'model_not_allowed',
  });
});

test('a group without grants may nothing: 403', async () => {
  const nothing = await it.addKey('nothing', '--group', 'nothing');

  assertError(await errorOf(nothing, 'gpt-4o'), {
    type: OpenAI.PermissionDeniedError,
    status: 403,
    code: 'connection_not_allowed',
  });
});

test('a model without a route is 404', async () => {
  assertError(await errorOf(key, 'no-such-model'), {
    type: OpenAI.NotFoundError,
    status: 404,
    code: 'model_not_found',
  });
});

test('a path that nobody serves is 404 in the same shape', async () => {
  const response = await fetch(`${it.url()}/nowhere`, { headers: { authorization: `Bearer ${key}` } });

  assert.equal(response.status, 404);
  assert.equal((await response.json()).error.code, 'not_found');
});

test("the provider's 429 arrives as it is, with its retry-after", async () => {
  const error = await errorOf(key, 'status-429-retry-after-7');

  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(error.headers.get('retry-after'), '7');
});

test("the provider's retry-after-ms arrives", async () => {
  const error = await errorOf(key, 'status-429-retry-after-ms-1500');

  assert.equal(error.headers.get('retry-after-ms'), '1500');
});

test("the provider's 400 arrives with its message and code", async () => {
  const error = await errorOf(key, 'context-length-exceeded');

  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.equal(error.code, 'context_length_exceeded');
});

test('the client retries what the provider says is for a moment', async () => {
  const answer = await it
    .client(key, 0, { maxRetries: 2 })
    .chat.completions.create({ model: 'fail-1-503', messages: [{ role: 'user', content: 'again' }] });

  assert.match(answer.choices[0].message.content, /again/);
});

for (const [status, type] of [
  [409, OpenAI.ConflictError],
  [422, OpenAI.UnprocessableEntityError],
  [500, OpenAI.InternalServerError],
  [503, OpenAI.InternalServerError],
]) {
  test(`the provider's ${status} arrives as ${type.name}`, async () => {
    const error = await errorOf(key, `status-${status}`);

    assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
  });
}

test('a provider that refuses our credential is our fault: 502, not to be retried', async () => {
  const error = await errorOf(key, 'status-401');

  assertError(error, { type: OpenAI.InternalServerError, status: 502, code: 'upstream_auth_failed' });
  assert.equal(error.headers.get('x-should-retry'), 'false');
});

test('a provider that is not there is 502', async () => {
  assertError(await errorOf(key, 'closed/gpt-4o'), {
    type: OpenAI.InternalServerError,
    status: 502,
    code: 'upstream_connect_failed',
  });
});

test('a provider that never answers is 504', async () => {
  assertError(await errorOf(key, 'hasty/silent'), {
    type: OpenAI.InternalServerError,
    status: 504,
    code: 'upstream_timeout',
  });
});

// Its head has been passed on, so there is no status left to say it with.
test('a provider that is silent after its head does not look like an answer', async () => {
  await errorOf(key, 'hasty/silent-after-headers');

  assert.equal(it.accessLog().at(-1).code, 'upstream_timeout');
});

test('a credential that this replica lacks is 503, and lmctl status names the variable', async () => {
  const error = await errorOf(key, 'secretless/gpt-4o');

  assertError(error, { type: OpenAI.InternalServerError, status: 503, code: 'connection_unavailable' });
  assert.match((await it.lmctl(['status'])).stdout, /THIS_VARIABLE_IS_NOT_SET/);
});

// After the first byte there is no status any more: an error event, which the client throws as an
// APIError, or a connection cut short where no event can be sent; never a clean end.
for (const [model, type] of [
  ['cut-after-3', OpenAI.APIError],
  ['reset-after-3', OpenAI.APIError],
  ['hasty/stall-after-3', OpenAI.APIError],
  ['cut-mid-chunk-3', Error],
  ['malformed-chunk', Error],
]) {
  test(`a stream that breaks ends in an error: ${model}`, async () => {
    const stream = await it.client(key).chat.completions.create({
      model,
      stream: true,
      messages: [{ role: 'user', content: 'one two three four five six seven' }],
    });
    let chunks = 0;
    await assert.rejects(async () => {
      for await (const _ of stream) chunks += 1;
    }, type);

    // A reset may overtake what was sent before it.
    if (type === OpenAI.APIError) assert.ok(chunks >= 1, 'what had arrived before was given');
  });
}
