// What the gateway does itself where a provider of another dialect cannot: counting tokens, and
// keeping answers of the Responses API for requests that refer to them, and what is signed of calls
// for clients that do not send it back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { Installation } from './lib/installation.mjs';

const config = ({ provider }) => `
connections:
  openai-chat: {dialect: openai-chat, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY}
  anthropic: {dialect: anthropic, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY, auth: {header: x-api-key}}
routes:
  - {name: chat, model: "gpt-*", to: "openai-chat.*"}
  - {name: anthropic, model: "claude-*", to: "anthropic.*"}
groups:
  default: {connections: "*"}
`;

describe('state', () => {
  let it;
  let key;
  let client; // of the Responses API

  before(async () => {
    it = await Installation.create({ replicas: 1, config });
    key = await it.addKey('one');
    client = it.client(key);
  });
  after(() => it?.destroy());

  const post = async (path, headers, body) => {
    const response = await fetch(it.url() + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const messages = [{ role: 'user', content: 'x'.repeat(400) }];
  const contents = [{ role: 'user', parts: [{ text: 'x'.repeat(400) }] }];

  test('Anthropic tokens are estimated for a foreign model', async () => {
    const count = (body) =>
      post('/v1/messages/count_tokens?beta=true', { 'x-api-key': key, 'anthropic-version': '2023-06-01' }, body);

    const short = await count({ model: 'gpt-5', messages });
    assert.equal(short.status, 200);
    assert.deepEqual(Object.keys(short.body), ['input_tokens']);
    assert.ok(short.body.input_tokens >= 100 && short.body.input_tokens < 200, JSON.stringify(short));

    const tools = [{ name: 'f', description: 'y'.repeat(400), input_schema: { type: 'object' } }];
    const more = await count({ model: 'gpt-5', messages, system: 'z'.repeat(400), tools });
    assert.ok(more.body.input_tokens >= short.body.input_tokens + 200, JSON.stringify(more));

    const wrong = await count({ model: 'gpt-5' });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.body.error.type, 'invalid_request_error');
    assert.equal((await it.provider.journal()).length, 0);
  });

  test("Anthropic tokens are the provider's count where it can count", async () => {
    const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
    const counted = await post('/v1/messages/count_tokens', headers, { model: 'claude-sonnet-4-5', messages });

    assert.equal(counted.status, 200);
    assert.equal((await it.provider.journal()).at(-1).target, '/v1/messages/count_tokens');
  });

  test('Gemini tokens are estimated for a foreign model', async () => {
    const path = '/v1beta/models/gpt-5:countTokens';
    const alone = await post(path, { 'x-goog-api-key': key }, { contents });
    const whole = await post(path, { 'x-goog-api-key': key }, {
      generateContentRequest: { model: 'models/gpt-5', contents },
    });

    assert.equal(alone.status, 200);
    assert.deepEqual(Object.keys(alone.body), ['totalTokens']);
    assert.ok(alone.body.totalTokens >= 100, JSON.stringify(alone));
    assert.deepEqual(whole, alone);
    assert.equal((await post(path, { 'x-goog-api-key': key }, {})).status, 400);
  });

  for (const stream of [false, true]) {
    const create = async (body) => {
      if (!stream) return await client.responses.create(body);
      let last;
      for await (const event of await client.responses.create({ ...body, stream })) last = event;
      assert.equal(last.type, 'response.completed');
      return last.response;
    };
    const how = stream ? 'streamed' : 'plain';

    test(`previous_response_id brings the history, ${how}`, async () => {
      const first = await create({ model: 'claude-sonnet-4-5', input: 'one' });
      const second = await create({ model: 'claude-sonnet-4-5', input: 'two', previous_response_id: first.id });
      await create({ model: 'gpt-5', input: 'three', previous_response_id: second.id });

      const sent = JSON.parse((await it.provider.journal()).at(-1).body).messages;
      const texts = sent.map(({ role, content }) => [role, typeof content === 'string' ? content : content[0].text]);
      assert.deepEqual(texts, [
        ['user', 'one'],
        ['assistant', 'You said: one'],
        ['user', 'two'],
        ['assistant', 'You said: two'],
        ['user', 'three'],
      ]);
    });

    test(`an item_reference brings the item, ${how}`, async () => {
      const first = await create({ model: 'claude-sonnet-4-5', input: 'one' });
      await create({
        model: 'claude-sonnet-4-5',
        input: [
          { role: 'user', content: 'one' },
          { type: 'item_reference', id: first.output.at(-1).id },
          { role: 'user', content: 'two' },
        ],
      });

      assert.match((await it.provider.journal()).at(-1).body, /You said: one/);
    });

    test(`what is not stored is not found, ${how}`, async () => {
      const first = await create({ model: 'claude-sonnet-4-5', input: 'one', store: false });
      const body = { model: 'claude-sonnet-4-5', input: 'two', previous_response_id: first.id };

      await assert.rejects(create(body), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.equal(error.code, 'previous_response_not_found');
        assert.equal(error.param, 'previous_response_id');
        return true;
      });
    });
  }

  // A typed client of chat keeps of a call what the API knows, and so no signature.
  for (const stream of [false, true]) {
    test(`a chat client's tool loop goes on thinking, ${stream ? 'streamed' : 'plain'}`, async () => {
      const ask = async (messages) => {
        const body = {
          model: 'claude-sonnet-4-5',
          reasoning_effort: 'low',
          messages,
          tools: [{ type: 'function', function: { name: 'clock', parameters: { type: 'object' } } }],
        };
        if (!stream) return (await client.chat.completions.create(body)).choices[0].message;
        return (await client.chat.completions.stream(body).finalChatCompletion()).choices[0].message;
      };
      const history = [{ role: 'user', content: 'what time is it?' }];
      const { content, tool_calls: calls } = await ask(history);
      const known = calls.map(({ id, type, function: { name, arguments: text } }) => {
        return { id, type, function: { name, arguments: text } };
      });
      history.push({ role: 'assistant', content, tool_calls: known });
      history.push({ role: 'tool', tool_call_id: calls[0].id, content: 'noon' });
      const last = await ask(history);

      assert.equal(last.content, 'The tool said: noon');
      const sent = JSON.parse((await it.provider.journal()).at(-1).body);
      assert.equal(sent.thinking.type, 'enabled');
      assert.deepEqual(
        sent.messages[1].content.map(({ type }) => type),
        ['thinking', 'tool_use'],
      );
    });
  }

  test('an answer is known to the key that got it alone', async () => {
    const first = await client.responses.create({ model: 'claude-sonnet-4-5', input: 'secret' });
    const other = it.client(await it.addKey('two'));
    const item = { type: 'item_reference', id: first.output.at(-1).id };

    await assert.rejects(
      other.responses.create({ model: 'claude-sonnet-4-5', input: 'x', previous_response_id: first.id }),
      { status: 400, code: 'previous_response_not_found' },
    );
    await assert.rejects(other.responses.create({ model: 'claude-sonnet-4-5', input: [item] }), {
      status: 400,
      param: 'input[0]',
    });
  });
});
