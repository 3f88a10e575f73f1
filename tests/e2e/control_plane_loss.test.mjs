// The control plane is killed: traffic goes on, a data plane starts from its last-good file, and the
// control plane that comes back continues where it was.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Installation } from './lib/installation.mjs';
import { Load } from './lib/load.mjs';
import { waitFor } from './lib/wait.mjs';

let it;
let key;

before(async () => {
  it = await Installation.create({ replicas: 2 });
  key = await it.addKey('client');
});
after(() => it?.destroy());

const ask = (index) =>
  it.client(key, index).chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'still there?' }] });

// What tells a full snapshot from a delta: the one makes a new base file, the other goes to the journal.
function baseFiles(index) {
  const directory = it.file(`replica-${index}`);
  const files = readdirSync(directory).filter((name) => /^base-\d+$/.test(name));
  assert.ok(files.length > 0, `no base file in ${directory}`);
  return files.map((name) => `${name} ${statSync(path.join(directory, name)).ino}`);
}

const allSynced = (count) =>
  waitFor(`${count} replicas are SYNCED`, async () => {
    const status = await it.status();
    const synced = status.replicas.filter((replica) => replica.state === 'SYNCED');
    return synced.length === count && status;
  }, { timeoutMs: 20_000 });

test('kill -9, restart of a replica, return: no request fails, no revision is lost', async (t) => {
  const before = await allSynced(2);
  const bases = [0, 1].map(baseFiles);
  const load = new Load({ urls: [it.url(1)], key, loops: 4 });

  await it.controlPlane.stop('SIGKILL');
  await ask(0);
  await ask(1);

  // A replica that restarts meanwhile serves from its last good snapshot, with the same keys.
  assert.deepEqual(await it.replicas[0].stop('SIGTERM'), { code: 0, signal: null });
  const began = performance.now();
  await it.startDataPlane(0);
  t.diagnostic(`ready from the last-good file after ${(performance.now() - began).toFixed(0)} ms`);
  await ask(0);
  const unknown = await fetch(`${it.url(0)}/v1/models`, { headers: { authorization: 'Bearer nobody' } });
  assert.equal(unknown.status, 401);

  await it.startControlPlane();
  const back = await allSynced(2);
  assert.equal(back.revision, before.revision);
  assert.equal(back.lineage, before.lineage);

  assert.deepEqual([0, 1].map(baseFiles), bases, 'coming back cost no full snapshot');
  const { stderr } = await it.lmctl(['keys', 'add', 'after-return', '--group', 'default']);
  assert.match(stderr, /active on 2\/2 replicas/);
  assert.deepEqual([0, 1].map(baseFiles), bases, 'the change came as a delta');

  const { answered, errors } = await load.stop();
  assert.deepEqual(errors, []);
  assert.ok(answered > 20, `only ${answered} requests`);
});

test('a replica that missed changes catches up by delta', async () => {
  const bases = baseFiles(0);
  await it.replicas[0].stop('SIGTERM');
  for (let i = 0; i < 5; ++i) await it.lmctl(['keys', 'add', `missed-${i}`, '--group', 'default']);
  await it.startDataPlane(0);
  await allSynced(2);

  assert.deepEqual(baseFiles(0), bases);
});

test('with no control plane a key that was blocked before stays blocked', async () => {
  const blocked = await it.addKey('blocked');
  await it.lmctl(['keys', 'block', 'blocked']);
  await it.controlPlane.stop('SIGKILL');
  // Also the crash of the replica itself loses nothing that was acknowledged.
  await it.replicas[0].stop('SIGKILL');
  await it.startDataPlane(0);

  const response = await fetch(`${it.url(0)}/v1/models`, { headers: { authorization: `Bearer ${blocked}` } });
  assert.equal(response.status, 401);
  await ask(0);
});

test('lmctl says in one line that nobody is there', async () => {
  const { stderr } = await it.lmctl(['status'], { expect: 2 });

  assert.match(stderr, new RegExp(String(it.grpcPort)));
  assert.ok(!stderr.includes('\n\n') && stderr.trim().split('\n').length <= 2, stderr);
});
