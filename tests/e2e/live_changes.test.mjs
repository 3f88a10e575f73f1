// Two replicas under constant load while lmctl changes what they serve: nothing fails, nothing is
// cut, each change is acknowledged by both, and a blocked key is refused by both at once.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { defaultConfig, Installation } from './lib/installation.mjs';
import { Load } from './lib/load.mjs';

const CHANGES = 100;

let it;
let loadKey;

before(async () => {
  it = await Installation.create({ replicas: 2 });
  loadKey = await it.addKey('load');
});
after(() => it?.destroy());

async function statusOf(index, key) {
  const response = await fetch(`${it.url(index)}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }] }),
  });
  await response.text();
  return response.status;
}

// What lmctl says of the way of a change to the replicas: on stderr, as all talk.
function assertActiveOnBoth({ stderr }) {
  assert.match(stderr, /active on 2\/2 replicas/, stderr);
}

test(`${CHANGES} changes under load: no request fails, each is acknowledged by both`, async (t) => {
  const load = new Load({ urls: [it.url(0), it.url(1)], key: loadKey, pick: () => (Math.random() < 0.5 ? 'gpt-4o' : 'our-model') });
  const before = (await it.status()).revision;
  const changes = [
    (i) => it.lmctl(['keys', 'add', `k${i}`, '--group', 'default']),
    (i) => it.lmctl(['keys', 'block', `k${i - 1}`]),
    // The load's own route goes first, then last among those that match: its requests must not notice.
    () => it.lmctl(['routes', 'update', 'gpt', '--first']),
    (i) => it.apply(defaultConfig(it) + `  group-${i}: {connections: [fake]}\n`),
    () => it.lmctl(['routes', 'update', 'gpt', '--last']),
  ];
  for (let i = 0; i < CHANGES; ++i) assertActiveOnBoth(await changes[i % changes.length](i));
  const { answered, errors } = await load.stop();

  assert.deepEqual(errors, []);
  assert.ok(answered > 100, `only ${answered} requests`);
  const status = await it.status();
  assert.ok(Number(status.revision) - Number(before) >= CHANGES, `${before} -> ${status.revision}`);
  t.diagnostic(`${answered} requests answered during ${CHANGES} changes, none failed`);
});

test('a blocked key is refused by both replicas when the command ends', async (t) => {
  const times = [];
  for (let i = 0; i < 10; ++i) {
    const key = await it.addKey(`victim-${i}`);
    assert.deepEqual(await Promise.all([statusOf(0, key), statusOf(1, key)]), [200, 200]);
    assertActiveOnBoth(await it.lmctl(['keys', 'block', `victim-${i}`]));

    const ended = performance.now();
    // The very first request after the command's end, on each.
    const statuses = await Promise.all([statusOf(0, key), statusOf(1, key)]);
    times.push(performance.now() - ended);
    assert.deepEqual(statuses, [401, 401]);
  }
  t.diagnostic(`401 from both ${Math.max(...times).toFixed(1)} ms after the command's end at most`);
});

test('an unblocked key works again, a rotated one changes its secret', async () => {
  const old = await it.addKey('wheel');
  await it.lmctl(['keys', 'block', 'wheel']);
  await it.lmctl(['keys', 'unblock', 'wheel']);
  assert.equal(await statusOf(0, old), 200);

  const { stdout } = await it.lmctl(['keys', 'rotate', 'wheel', '-q']);
  assert.equal(await statusOf(0, stdout.trim()), 200);
  assert.equal(await statusOf(1, stdout.trim()), 200);
  assert.equal(await statusOf(0, old), 401);
});

test('a rotation with grace keeps the old secret for that long', async () => {
  const old = await it.addKey('graceful');
  const { stdout } = await it.lmctl(['keys', 'rotate', 'graceful', '--grace', '1h', '-q']);

  assert.equal(await statusOf(0, old), 200);
  assert.equal(await statusOf(1, stdout.trim()), 200);
});

test('a secret from elsewhere can be brought along', async () => {
  await it.lmctl(['keys', 'add', 'brought', '--group', 'default', '--secret-file', '-'], { input: 'sk-old-system-4711\n' });

  assert.equal(await statusOf(0, 'sk-old-system-4711'), 200);
});

test('a rollback brings the routes back and leaves the keys', async () => {
  const { revision } = await it.status();
  const key = await it.addKey('stays');
  await it.lmctl(['routes', 'remove', 'gpt', '--yes']);
  await it.lmctl(['rollback', String(revision), '--yes']);

  assert.equal(await statusOf(0, key), 200);
  const routes = (await it.lmctl(['routes', 'list', '-o', 'name'])).stdout;
  assert.match(routes, /\bgpt\b/);
});

test('diff says what apply would do, and nothing after it', async () => {
  const changed = defaultConfig(it).replace('model: our-model', 'model: your-model');
  await it.apply(defaultConfig(it));

  writeFileSync(it.file('changed.yaml'), changed);
  await it.lmctl(['diff', '-f', it.file('changed.yaml')], { expect: 1 });
  await it.lmctl(['apply', '-f', it.file('changed.yaml')]);
  await it.lmctl(['diff', '-f', it.file('changed.yaml')], { expect: 0 });
});

test('what export gives can be applied and changes nothing', async () => {
  writeFileSync(it.file('export.yaml'), (await it.lmctl(['export'])).stdout);

  await it.lmctl(['diff', '-f', it.file('export.yaml')], { expect: 0 });
});
