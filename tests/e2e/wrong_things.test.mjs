// Wrong things, each with one clear message.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { defaultConfig, Installation } from './lib/installation.mjs';
import { run } from './lib/program.mjs';
import { sendRaw } from './lib/raw_http.mjs';

const MIB = 1024 * 1024;

let it;
let key;

before(async () => {
  it = await Installation.create({ replicas: 2 });
  key = await it.addKey('client');
});
after(() => it?.destroy());

// An error message is one line, or two with a hint; never a stack of them.
function assertShort(stderr) {
  const lines = stderr.trim().split('\n');
  assert.ok(lines.length <= 2, stderr);
}

async function refusedFile(text) {
  const before = (await it.status()).revision;
  const { stderr } = await it.apply(text, { expect: 2 });
  assert.equal((await it.status()).revision, before, 'nothing was changed');
  assertShort(stderr);
  return stderr;
}

test('an unknown field in a file is named by its path', async () => {
  const stderr = await refusedFile('connections:\n  openai: {provider: openai, api_kee: env:X}\n');

  assert.match(stderr, /connections\S*openai\S*api_kee|connections\[0\]\.api_kee/);
  assert.match(stderr, /api_key/, 'with the field that was meant');
});

test('a file that is not YAML is refused with the line', async () => {
  assert.match(await refusedFile('connections:\n  openai: {provider: [}\n'), /2/);
});

test('a route to a connection that does not exist names both', async () => {
  const stderr = await refusedFile(defaultConfig(it).replace('to: fake.gpt-4o', 'to: fakee.gpt-4o'));

  assert.match(stderr, /renamed/);
  assert.match(stderr, /fakee/);
});

test('a route by command to a connection that does not exist is refused too', async () => {
  const { stderr } = await it.lmctl(['routes', 'add', 'lost', '--model', 'lost', '--to', 'nowhere.x'], { expect: 2 });

  assertShort(stderr);
  assert.match(stderr, /nowhere/);
});

test('lmctl knows what was meant', async () => {
  const { stderr } = await it.lmctl(['key', 'lst'], { expect: 1 });

  assert.match(stderr, /did you mean/i);
});

test('lmctl with a wrong token says so and exits with 4', async () => {
  const { stderr } = await it.lmctl(['status'], { expect: 4, env: { LMCTL_TOKEN: 'wrong' } });

  assertShort(stderr);
});

test('a key that does not exist exits with 3', async () => {
  assertShort((await it.lmctl(['keys', 'show', 'nobody'], { expect: 3 })).stderr);
});

test('lmctl asks nobody without a terminal: --yes or exit code 1', async () => {
  await it.addKey('other');
  assertShort((await it.lmctl(['keys', 'block', 'client', 'other'], { expect: 1 })).stderr);
});

for (const [name, args, port] of [
  ['lmgate-dataplane', () => it.dataPlaneArguments(2), () => it.replicaPorts[0][0]],
  ['lmgate-controlplane', () => it.controlPlaneArguments(), () => it.grpcPort],
]) {
  test(`${name}: a port in use is named`, async () => {
    const own = args().map((value, i, all) => {
      if (all[i - 1] === '--listen' || all[i - 1] === '--grpc-listen') return `127.0.0.1:${port()}`;
      if (all[i - 1] === '--http-listen' || all[i - 1] === '--admin-listen') return '127.0.0.1:0';
      if (all[i - 1] === '--database') return `sqlite:${it.file('other.db')}`;
      if (all[i - 1] === '--state-dir') return it.file(`other-${name}`);
      return value;
    });
    const result = await run(name, own, { env: it.env, cwd: it.dir, timeoutMs: 20_000 });

    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stdout + result.stderr, new RegExp(`${port()}.*in use`, 'i'));
  });

  test(`${name}: unknown options are all reported, with what was meant`, async () => {
    const result = await run(name, ['--listn', 'x', '--state-dri', 'y'], { env: it.env, cwd: it.dir });

    assert.equal(result.code, 1);
    assert.match(result.stderr, /listn/);
    assert.match(result.stderr, /state-dri.*state-dir/s);
  });
}

test('a listener beyond loopback without TLS is refused', async () => {
  const args = it.dataPlaneArguments(2).map((value, i, all) => (all[i - 1] === '--listen' ? '0.0.0.0:0' : value));
  const result = await run('lmgate-dataplane', args, { env: it.env, cwd: it.dir, timeoutMs: 20_000 });

  assert.equal(result.code, 1);
  assert.match(result.stdout + result.stderr, /--insecure/);
});

test('two control planes on one database: the second is refused', async () => {
  const args = it.controlPlaneArguments().map((value, i, all) =>
    all[i - 1]?.endsWith('-listen') ? '127.0.0.1:0' : value,
  );
  const result = await run('lmgate-controlplane', args, { env: it.env, cwd: it.dir, timeoutMs: 20_000 });

  assert.equal(result.code, 1, result.stdout + result.stderr);
});

test('a database from a newer version is refused and left alone', async () => {
  const other = await Installation.create({ replicas: 0, config: false });
  try {
    await other.controlPlane.stop('SIGTERM');
    execFileSync('sqlite3', [
      other.file('lmgate.db'),
      `INSERT INTO schema_migrations (version, name, checksum, program_version, applied_at)
       VALUES (9999, 'from_the_future', x'00', '99.0.0', 0)`,
    ]);
    const result = await run('lmgate-controlplane', other.controlPlaneArguments(), {
      env: other.env,
      cwd: other.dir,
      timeoutMs: 20_000,
    });

    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stderr, /newer/);
    assertShort(result.stderr);
  } finally {
    await other.destroy();
  }
});

test('a damaged last-good file is set aside and not fatal', async () => {
  await it.replicas[1].stop('SIGTERM');
  const directory = it.file('replica-1');
  const base = readdirSync(directory, { recursive: true })
    .map(String)
    .find((name) => path.basename(name).startsWith('base-'));
  const file = path.join(directory, base);
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(16, 0xff), 0, 16, Math.floor(statSync(file).size / 2));
  closeSync(fd);
  await it.startDataPlane(1);

  assert.match(readdirSync(path.dirname(file)).join('\n'), /damaged/);
  const { data } = await it.client(key, 1).models.list();
  assert.ok(data.length > 0);
});

test('a body over the limit is 413', async () => {
  const response = await sendRaw(
    it.url(),
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
      `content-type: application/json\r\ncontent-length: ${1024 * MIB}\r\n\r\n`,
  );

  assert.equal(response.status, 413);
  assert.match(response.text, /"code":"request_too_large"/);
});

test('a header bomb is 431', async () => {
  const response = await sendRaw(it.url(), `GET /v1/models HTTP/1.1\r\nhost: x\r\nx-bomb: ${'a'.repeat(2 * MIB)}\r\n\r\n`);

  assert.equal(response.status, 431);
  assert.match(response.text, /"code":"header_too_large"/);
});

for (const [what, bytes, more] of [
  ['half a head', 'POST /v1/chat/completions HTTP/1.1\r\nhost:', []],
  ['a head that drips', 'POST /v1/chat/completions HTTP/1.1\r\nx:', Array(100).fill('a')],
  ['half a body', 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer KEY\r\ncontent-length: 100\r\n\r\n{"model":', []],
]) {
  test(`${what} is 408 after its time-out`, async () => {
    if (!it.replicas[2]) await it.startDataPlane(2, ['--header-timeout', '300ms', '--body-timeout', '300ms']);
    const response = await sendRaw(it.url(2), bytes.replace('KEY', key), { more });

    assert.equal(response.status, 408, response.text);
    assert.match(response.text, /"code":"request_timeout"/);
    assert.ok(response.elapsedMs < 5000, `${response.elapsedMs} ms`);
  });
}

for (const [what, bytes] of Object.entries({
  'a request that is no HTTP': 'hello\r\n\r\n',
  'two different lengths': 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
  'a length beside chunks': 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'a header name with a space': 'GET /v1/models HTTP/1.1\r\nhost: x\r\nbad name: 1\r\n\r\n',
})) {
  test(`${what} is 400 and ends the connection`, async () => {
    const response = await sendRaw(it.url(), bytes);

    assert.equal(response.status, 400, response.text);
    assert.match(response.text, /"code":"invalid_request"/);
  });
}

test('a body that is no JSON is 400', async () => {
  const response = await fetch(`${it.url()}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"model": "gpt-4o", ',
  });

  assert.equal(response.status, 400);
  assert.equal((await response.json()).error.code, 'invalid_request');
});

test('a chat request without a model is 400', async () => {
  const response = await fetch(`${it.url()}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"messages": []}',
  });

  assert.equal(response.status, 400);
  assert.match((await response.json()).error.message, /model/);
});

test('the replicas serve after all that', async () => {
  for (const index of [0, 1]) {
    const answer = await it
      .client(key, index)
      .chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'fine?' }] });
    assert.match(answer.choices[0].message.content, /fine\?/);
  }
});
