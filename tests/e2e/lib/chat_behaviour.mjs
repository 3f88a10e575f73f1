// What the OpenAI client must be able to do, whoever the provider behind the gateway is.
import assert from 'node:assert/strict';

export const WEATHER_TOOL = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};

export async function plainChat(client, model, { prompt, expected }) {
  const { data, response } = await client.chat.completions
    .create({ model, messages: [{ role: 'user', content: prompt }] })
    .withResponse();

  assert.match(data.choices[0].message.content, expected);
  assert.equal(data.choices[0].finish_reason, 'stop');
  assert.ok(data.usage.total_tokens > 0);
  assert.ok(response.headers.get('x-request-id'), 'every answer carries x-request-id');
}

export async function streamedChat(client, model, { prompt, expected }) {
  const stream = await client.chat.completions.create({
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: prompt }],
  });
  let text = '';
  let contentChunks = 0;
  let finishReason = null;
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice?.delta.content) {
      text += choice.delta.content;
      contentChunks += 1;
    }
    finishReason = choice?.finish_reason ?? finishReason;
  }

  assert.match(text, expected);
  assert.equal(finishReason, 'stop');
  assert.ok(contentChunks > 1, `the text came in ${contentChunks} chunk(s)`);
}

// Asks, runs the tool that the model calls, sends its result and gives the final text.
export async function toolLoop(client, model, { prompt, result, expected }) {
  const messages = [{ role: 'user', content: prompt }];
  const first = await client.chat.completions.create({ model, messages, tools: [WEATHER_TOOL] });
  const call = first.choices[0].message.tool_calls?.[0];
  assert.equal(first.choices[0].finish_reason, 'tool_calls');
  assert.equal(call?.function.name, 'get_weather');
  assert.equal(typeof JSON.parse(call.function.arguments).city, 'string');

  messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: result });
  const second = await client.chat.completions.create({ model, messages, tools: [WEATHER_TOOL] });

  assert.match(second.choices[0].message.content, expected);
}

// The same by the client's own helper, streamed: it joins the argument pieces and calls the function.
export async function streamedToolLoop(client, model, { prompt, result, expected }) {
  const calledWith = [];
  const runner = client.chat.completions.runTools({
    model,
    stream: true,
    messages: [{ role: 'user', content: prompt }],
    tools: [
      {
        ...WEATHER_TOOL,
        function: {
          ...WEATHER_TOOL.function,
          parse: JSON.parse,
          function: (args) => {
            calledWith.push(args);
            return result;
          },
        },
      },
    ],
  });
  const text = await runner.finalContent();

  assert.equal(calledWith.length, 1);
  assert.equal(typeof calledWith[0].city, 'string');
  assert.match(text, expected);
}
