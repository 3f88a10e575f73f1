// Vercel's AI SDK: each of its providers against a provider of every dialect, with tools that it
// carries out itself. Its Responses provider sends references for what was answered before.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BACKENDS, dialectConfig, modelOf } from './lib/dialect_config.mjs';
import { Installation } from './lib/installation.mjs';

const config = ({ provider }) => dialectConfig(provider);

// What the gateway says for each path of the SDK, and what it asks of a provider that keeps nothing.
const PROVIDERS = ['openai.chat', 'openai.responses', 'anthropic', 'google'];
const DIALECT_OF = { 'openai.chat': 'openai-chat', 'openai.responses': 'openai-responses', anthropic: 'anthropic', google: 'gemini' };

describe('AI SDK', () => {
  let it;
  let ai;
  let sdk; // by provider

  before(async () => {
    ai = await import('ai');
    const { createOpenAI } = await import('@ai-sdk/openai');
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
    it = await Installation.create({ replicas: 1, config });
    const apiKey = await it.addKey('ai-sdk');
    const openai = createOpenAI({ baseURL: `${it.url()}/v1`, apiKey });
    sdk = {
      'openai.chat': (name) => openai.chat(name),
      'openai.responses': (name) => openai.responses(name),
      anthropic: createAnthropic({ baseURL: `${it.url()}/v1`, apiKey }),
      google: createGoogleGenerativeAI({ baseURL: `${it.url()}/v1beta`, apiKey }),
    };
  });
  after(() => it?.destroy());

  // {text, steps, messages, finish}
  async function ask(options, stream) {
    const all = { ...options, stopWhen: ai.stepCountIs(4), maxRetries: 0 };
    if (!stream) {
      const result = await ai.generateText(all);
      return { text: result.text, steps: result.steps, messages: result.response.messages, finish: result.finishReason };
    }
    const errors = [];
    const result = ai.streamText({ ...all, onError: ({ error }) => errors.push(error) });
    let text = '';
    for await (const part of result.textStream) text += part;
    if (errors.length > 0) throw errors[0];
    return { text, steps: await result.steps, messages: (await result.response).messages, finish: await result.finishReason };
  }

  function weather(asked) {
    return ai.tool({
      description: 'The weather of a city',
      inputSchema: ai.jsonSchema({
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      }),
      execute: async ({ city }) => {
        asked.push(city);
        return 'sunny, 21 degrees';
      },
    });
  }

  for (const provider of PROVIDERS) {
    for (const backend of BACKENDS) {
      // Passed through to a provider of its own dialect, which keeps nothing and says so.
      const skip =
        provider === 'openai.responses' && backend === 'openai-responses' && 'the fake provider keeps nothing';

      for (const stream of [false, true]) {
        test(`${provider}, ${backend} provider, ${stream ? 'streamed' : 'plain'}: a conversation with a tool`, { skip }, async () => {
          const model = sdk[provider](modelOf(backend));
          const asked = [];
          const tools = { get_weather: weather(asked) };

          const hello = await ask({ model, messages: [{ role: 'user', content: 'Good morning' }] }, stream);
          assert.equal(hello.text, 'You said: Good morning');
          assert.equal(hello.finish, 'stop');

          const messages = [
            { role: 'user', content: 'Good morning' },
            ...hello.messages,
            { role: 'user', content: 'Weather in Bonn?' },
          ];
          const first = await ask({ model, tools, messages }, stream);
          assert.equal(asked.length, 1);
          assert.equal(typeof asked[0], 'string');
          assert.equal(first.steps.length, 2);
          assert.match(first.text, /The tool said: .*sunny, 21 degrees/);

          messages.push(...first.messages, { role: 'user', content: 'And tomorrow?' });
          const second = await ask({ model, tools, messages }, stream);
          assert.equal(asked.length, 2);
          assert.match(second.text, /The tool said: .*sunny, 21 degrees/);
          for (const request of (await it.accessLog()).slice(-5)) assert.equal(request.status, 200);
        });
      }

      if (DIALECT_OF[provider] === backend) continue;
      test(`${provider}, ${backend} provider: an object by a schema`, async () => {
        const { output } = await ai.generateText({
          model: sdk[provider](modelOf(backend)),
          prompt: 'as JSON',
          maxRetries: 0,
          output: ai.Output.object({
            schema: ai.jsonSchema({
              type: 'object',
              properties: { city: { type: 'string' } },
              required: ['city'],
              additionalProperties: false,
            }),
          }),
        });
        assert.equal(typeof output.city, 'string');
      });
    }
  }
});
