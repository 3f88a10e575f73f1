// Replicas come and go under load.
import assert from 'node:assert/strict';
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

test('a third replica started under load is ready quickly and takes traffic', async (t) => {
  const load = new Load({ urls: [it.url(0), it.url(1)], key });
  const began = performance.now();
  await it.startDataPlane(2);
  const readyMs = performance.now() - began;
  load.addUrl(it.url(2));
  await waitFor('the third replica answers', () => load.byUrl.get(it.url(2)) > 10);
  const { errors } = await load.stop();

  assert.deepEqual(errors, []);
  t.diagnostic(`ready after ${readyMs.toFixed(0)} ms`);
  // Meant is one second; a loaded machine and sanitizers may take their time.
  assert.ok(readyMs < 10_000, `${readyMs} ms`);
  const { stderr } = await it.lmctl(['keys', 'add', 'for-three', '--group', 'default']);
  assert.match(stderr, /active on 3\/3 replicas/);
});

test('a terminated replica cuts no stream, and is DRAINING meanwhile', async (t) => {
  const stream = await it.client(key, 1).chat.completions.create({
    model: 'stream-60-20-25000', // 60 events in 1.5 s
    stream: true,
    messages: [{ role: 'user', content: 'finish me' }],
  });
  let chunks = 0;
  let finishReason = null;
  let exited;
  for await (const chunk of stream) {
    chunks += 1;
    finishReason = chunk.choices[0]?.finish_reason ?? finishReason;
    if (chunks !== 5) continue;
    it.replicas[1].signal('SIGTERM');
    exited = it.replicas[1].waitForExit();
    await waitFor('the replica is DRAINING', async () =>
      (await it.status()).replicas.some((r) => r.id === 'replica-1' && r.state === 'DRAINING'),
    );
  }

  assert.equal(finishReason, 'stop');
  assert.ok(chunks >= 60, `${chunks} chunks`);
  assert.deepEqual(await exited, { code: 0, signal: null });
  t.diagnostic(`${chunks} chunks of a stream that SIGTERM met at the fifth`);
  await assert.rejects(fetch(`${it.url(1)}/healthz`));
});

test('a rolling restart under load loses nothing', async () => {
  await it.startDataPlane(1);
  const load = new Load({ urls: [it.url(0), it.url(1)], key });
  for (const index of [0, 1]) {
    // As a load balancer does: no new requests, then the signal.
    await load.removeUrl(it.url(index));
    assert.deepEqual(await it.replicas[index].stop('SIGTERM'), { code: 0, signal: null });
    await it.startDataPlane(index);
    load.addUrl(it.url(index));
  }
  const { answered, errors } = await load.stop();

  assert.deepEqual(errors, []);
  assert.ok(answered > 10);
});

test('the control plane ends cleanly on SIGTERM', async () => {
  assert.deepEqual(await it.controlPlane.stop('SIGTERM'), { code: 0, signal: null });
});
