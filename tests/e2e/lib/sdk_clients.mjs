// The providers' own SDKs behind one small interface, so that one test drives them all:
//   chat({model, messages, tools, toolChoice, stream, thinking, schema, n}) -> {text, calls, finish, usage, reasoning, raw}
// messages: {role: 'system' | 'user', text} | {role: 'assistant', raw} | {role: 'tool', id, name, result}
// `raw` is what the SDK gave for the turn before; it goes back as its user would send it back.
import Anthropic from '@anthropic-ai/sdk';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { GoogleGenAI } from '@google/genai';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import OpenAI from 'openai';

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
export const WEATHER = { name: 'get_weather', description: 'The weather of a city', parameters: PARAMETERS };
export const CLOCK = { name: 'get_time', description: 'The time in a city', parameters: PARAMETERS };

const systemOf = (messages) =>
  messages
    .filter((message) => message.role === 'system')
    .map((message) => message.text)
    .join('\n\n');
const others = (messages) => messages.filter((message) => message.role !== 'system');

export class ChatSdk {
  constructor(url, key) {
    this.client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
    this.errors = OpenAI;
  }

  body({ model, messages, tools, toolChoice, thinking, schema, n, extra }) {
    return {
      model,
      messages: messages.map((message) => {
        if (message.role === 'assistant') return message.raw;
        if (message.role === 'tool') {
          return { role: 'tool', tool_call_id: message.id, content: message.result };
        }
        if (message.image) {
          return {
            role: 'user',
            content: [
              { type: 'text', text: message.text },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${message.image}` } },
            ],
          };
        }
        return { role: message.role, content: message.text };
      }),
      ...(tools && { tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
      ...(toolChoice && {
        tool_choice:
          toolChoice.name !== undefined
            ? { type: 'function', function: { name: toolChoice.name } }
            : { any: 'required', none: 'none', auto: 'auto' }[toolChoice],
      }),
      ...(thinking && { reasoning_effort: 'low' }),
      ...(schema && {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      }),
      ...(n && { n }),
      ...extra,
    };
  }

  async chat(request) {
    const body = this.body(request);
    if (!request.stream) {
      const answer = await this.client.chat.completions.create(body);
      return ChatSdk.result(answer.choices[0], answer.usage, answer.choices);
    }
    const stream = await this.client.chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const choices = [];
    let usage = null;
    for await (const chunk of stream) {
      if (chunk.usage) usage = chunk.usage;
      for (const piece of chunk.choices) {
        choices[piece.index] ??= { message: { role: 'assistant', content: null }, finish_reason: null };
        const { message } = choices[piece.index];
        if (piece.delta.content) message.content = (message.content ?? '') + piece.delta.content;
        if (piece.delta.reasoning_content) {
          message.reasoning_content = (message.reasoning_content ?? '') + piece.delta.reasoning_content;
        }
        if (piece.delta.reasoning_details) {
          (message.reasoning_details ??= []).push(...piece.delta.reasoning_details);
        }
        for (const call of piece.delta.tool_calls ?? []) {
          message.tool_calls ??= [];
          message.tool_calls[call.index] ??= {
            id: call.id,
            type: 'function',
            function: { name: call.function.name, arguments: '' },
            ...(call.extra_content && { extra_content: call.extra_content }),
          };
          message.tool_calls[call.index].function.arguments += call.function.arguments ?? '';
        }
        if (piece.finish_reason) choices[piece.index].finish_reason = piece.finish_reason;
      }
    }
    return ChatSdk.result(choices[0], usage, choices);
  }

  static result(choice, usage, choices) {
    return {
      text: choice.message.content ?? '',
      texts: choices.map((each) => each.message.content),
      reasoning: choice.message.reasoning_content ?? '',
      calls: (choice.message.tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments || '{}'),
      })),
      finish: { stop: 'stop', tool_calls: 'tools', length: 'length' }[choice.finish_reason] ?? choice.finish_reason,
      usage: usage && { input: usage.prompt_tokens, output: usage.completion_tokens },
      raw: choice.message,
    };
  }
}

export class ResponsesSdk {
  constructor(url, key) {
    this.client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
    this.errors = OpenAI;
  }

  body({ model, messages, tools, toolChoice, thinking, schema, extra }) {
    return {
      model,
      store: false,
      instructions: systemOf(messages) || undefined,
      input: others(messages).flatMap((message) => {
        if (message.role === 'assistant') return message.raw;
        if (message.role === 'tool') {
          return { type: 'function_call_output', call_id: message.id, output: message.result };
        }
        const content = [{ type: 'input_text', text: message.text }];
        if (message.image) {
          content.push({
            type: 'input_image',
            detail: 'auto',
            image_url: `data:image/png;base64,${message.image}`,
          });
        }
        return { role: 'user', content };
      }),
      ...(tools && { tools: tools.map((tool) => ({ type: 'function', strict: false, ...tool })) }),
      ...(toolChoice && {
        tool_choice:
          toolChoice.name !== undefined
            ? { type: 'function', name: toolChoice.name }
            : { any: 'required', none: 'none', auto: 'auto' }[toolChoice],
      }),
      ...(thinking && {
        reasoning: { effort: 'low', summary: 'auto' },
        include: ['reasoning.encrypted_content'],
      }),
      ...(schema && { text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } } }),
      ...extra,
    };
  }

  async chat(request) {
    const body = this.body(request);
    let answer;
    if (request.stream) {
      const stream = this.client.responses.stream(body);
      answer = await stream.finalResponse();
      // The helper gives a failed response as it is.
      if (answer.status === 'failed') throw new Error(answer.error.message);
    } else {
      answer = await this.client.responses.create(body);
    }
    const calls = answer.output.filter((item) => item.type === 'function_call');
    return {
      text: answer.output_text ?? '',
      reasoning: answer.output
        .filter((item) => item.type === 'reasoning')
        .flatMap((item) => item.summary.map((part) => part.text))
        .join(''),
      calls: calls.map((call) => ({
        id: call.call_id,
        name: call.name,
        arguments: JSON.parse(call.arguments || '{}'),
      })),
      finish: answer.status === 'incomplete' ? 'length' : calls.length > 0 ? 'tools' : 'stop',
      usage: answer.usage && { input: answer.usage.input_tokens, output: answer.usage.output_tokens },
      // The streaming helper adds `parsed…` members of its own.
      raw: answer.output.map(({ parsed_arguments: _, ...item }) => item),
    };
  }
}

const anthropicBody = ({ messages, tools, toolChoice, thinking, schema, extra }) => ({
  max_tokens: thinking ? 4096 : 1024,
  ...(systemOf(messages) && { system: systemOf(messages) }),
  messages: others(messages).reduce((turns, message) => {
    let turn;
    if (message.role === 'assistant') {
      turn = { role: 'assistant', content: message.raw };
    } else if (message.role === 'tool') {
      turn = {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: message.id, content: message.result }],
      };
    } else {
      turn = { role: 'user', content: [{ type: 'text', text: message.text }] };
      if (message.image) {
        turn.content.push({
          type: 'image',
          source: { type: 'base64', media_type: 'image/png', data: message.image },
        });
      }
    }
    const last = turns.at(-1);
    if (last?.role === turn.role) last.content.push(...turn.content);
    else turns.push(turn);
    return turns;
  }, []),
  ...(tools && {
    tools: tools.map(({ parameters, ...tool }) => ({ ...tool, input_schema: parameters })),
  }),
  ...(toolChoice && {
    tool_choice: toolChoice.name !== undefined ? { type: 'tool', ...toolChoice } : { type: toolChoice },
  }),
  ...(thinking && { thinking: { type: 'enabled', budget_tokens: 2048 } }),
  ...(schema && { output_config: { format: { type: 'json_schema', schema } } }),
  ...extra,
});

const anthropicResult = (answer) => ({
  text: answer.content
    .filter((block) => block.type === 'text')
    .map((block) => block.text)
    .join(''),
  reasoning: answer.content
    .filter((block) => block.type === 'thinking')
    .map((block) => block.thinking)
    .join(''),
  calls: answer.content
    .filter((block) => block.type === 'tool_use')
    .map((block) => ({ id: block.id, name: block.name, arguments: block.input })),
  finish: { end_turn: 'stop', tool_use: 'tools', max_tokens: 'length' }[answer.stop_reason] ?? answer.stop_reason,
  usage: { input: answer.usage.input_tokens, output: answer.usage.output_tokens },
  raw: answer.content,
});

export class AnthropicSdk {
  constructor(url, key) {
    this.client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
    this.errors = Anthropic;
  }

  async chat(request) {
    const body = { model: request.model, ...anthropicBody(request) };
    if (!request.stream) return anthropicResult(await this.client.messages.create(body));
    return anthropicResult(await this.client.messages.stream(body).finalMessage());
  }
}

export class GeminiSdk {
  constructor(url, key) {
    this.client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  }

  parameters({ model, messages, tools, toolChoice, thinking, schema, n, extra }) {
    return {
      model,
      contents: others(messages).reduce((contents, message) => {
        let content;
        if (message.role === 'assistant') {
          content = message.raw;
        } else if (message.role === 'tool') {
          const response = { output: message.result };
          content = {
            role: 'user',
            parts: [{ functionResponse: { name: message.name, id: message.id, response } }],
          };
        } else {
          content = { role: 'user', parts: [{ text: message.text }] };
          if (message.image) {
            content.parts.push({ inlineData: { mimeType: 'image/png', data: message.image } });
          }
        }
        const last = contents.at(-1);
        if (last?.role === content.role) last.parts.push(...content.parts);
        else contents.push({ role: content.role, parts: [...content.parts] });
        return contents;
      }, []),
      config: {
        ...(systemOf(messages) && { systemInstruction: systemOf(messages) }),
        ...(tools && {
          tools: [
            {
              functionDeclarations: tools.map(({ parameters, ...tool }) => ({
                ...tool,
                parametersJsonSchema: parameters,
              })),
            },
          ],
        }),
        ...(toolChoice && {
          toolConfig: {
            functionCallingConfig:
              toolChoice.name !== undefined
                ? { mode: 'ANY', allowedFunctionNames: [toolChoice.name] }
                : { mode: toolChoice.toUpperCase() },
          },
        }),
        ...(thinking && { thinkingConfig: { thinkingBudget: 2048, includeThoughts: true } }),
        ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema }),
        ...(n && { candidateCount: n }),
        ...extra,
      },
    };
  }

  async chat(request) {
    const parameters = this.parameters(request);
    const candidates = [];
    let usage = null;
    const add = (answer) => {
      usage = answer.usageMetadata ?? usage;
      for (const candidate of answer.candidates ?? []) {
        const whole = (candidates[candidate.index ?? 0] ??= { parts: [], finish: null });
        whole.parts.push(...(candidate.content?.parts ?? []));
        whole.finish = candidate.finishReason ?? whole.finish;
      }
    };
    if (request.stream) {
      for await (const chunk of await this.client.models.generateContentStream(parameters)) add(chunk);
    } else {
      add(await this.client.models.generateContent(parameters));
    }
    const textOf = (parts, thought) =>
      parts
        .filter((part) => part.text !== undefined && Boolean(part.thought) === thought)
        .map((part) => part.text)
        .join('');
    const { parts, finish } = candidates[0];
    const calls = parts.filter((part) => part.functionCall);
    return {
      text: textOf(parts, false),
      texts: candidates.map((candidate) => textOf(candidate.parts, false)),
      reasoning: textOf(parts, true),
      calls: calls.map(({ functionCall }) => ({
        id: functionCall.id,
        name: functionCall.name,
        arguments: functionCall.args,
      })),
      finish: calls.length > 0 ? 'tools' : ({ STOP: 'stop', MAX_TOKENS: 'length' }[finish] ?? finish),
      usage: usage && {
        input: usage.promptTokenCount,
        output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
      },
      raw: { role: 'model', parts: parts.filter((part) => part.text !== '') },
    };
  }
}

// By HTTP/1.1, unless `options` say otherwise: of itself the SDK speaks HTTP/2 with prior knowledge.
const bedrockClient = (url, key, options = {}) =>
  new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    token: { token: key },
    authSchemePreference: ['httpBearerAuth'],
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
    ...options,
  });

export class ConverseSdk {
  constructor(url, key, options = {}) {
    this.client = bedrockClient(url, key, options);
  }

  input({ model, messages, tools, toolChoice, thinking, schema, extra }) {
    return {
      modelId: model,
      ...(systemOf(messages) && { system: [{ text: systemOf(messages) }] }),
      messages: others(messages).reduce((turns, message) => {
        let turn;
        if (message.role === 'assistant') {
          turn = { role: 'assistant', content: message.raw };
        } else if (message.role === 'tool') {
          turn = {
            role: 'user',
            content: [{ toolResult: { toolUseId: message.id, content: [{ text: message.result }] } }],
          };
        } else {
          turn = { role: 'user', content: [{ text: message.text }] };
          if (message.image) {
            const bytes = Buffer.from(message.image, 'base64');
            turn.content.push({ image: { format: 'png', source: { bytes } } });
          }
        }
        const last = turns.at(-1);
        if (last?.role === turn.role) last.content.push(...turn.content);
        else turns.push(turn);
        return turns;
      }, []),
      inferenceConfig: { maxTokens: thinking ? 4096 : 1024 },
      ...(tools && {
        toolConfig: {
          tools: tools.map(({ parameters, ...tool }) => ({
            toolSpec: { ...tool, inputSchema: { json: parameters } },
          })),
          ...(toolChoice && {
            toolChoice: toolChoice.name !== undefined ? { tool: toolChoice } : { [toolChoice]: {} },
          }),
        },
      }),
      ...(thinking && {
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2048 } },
      }),
      ...(schema && {
        outputConfig: {
          textFormat: {
            type: 'json_schema',
            structure: { jsonSchema: { name: 'answer', schema: JSON.stringify(schema) } },
          },
        },
      }),
      ...extra,
    };
  }

  async chat(request) {
    const input = this.input(request);
    let content;
    let finish;
    let usage;
    if (request.stream) {
      const blocks = [];
      const answer = await this.client.send(new ConverseStreamCommand(input));
      for await (const event of answer.stream) {
        const index = event.contentBlockStart?.contentBlockIndex ?? event.contentBlockDelta?.contentBlockIndex;
        if (event.contentBlockStart?.start?.toolUse) {
          blocks[index] = { toolUse: { ...event.contentBlockStart.start.toolUse, input: '' } };
        }
        const delta = event.contentBlockDelta?.delta;
        if (delta?.text !== undefined) {
          blocks[index] ??= { text: '' };
          blocks[index].text += delta.text;
        }
        if (delta?.toolUse) blocks[index].toolUse.input += delta.toolUse.input;
        if (delta?.reasoningContent) {
          blocks[index] ??= { reasoningContent: { reasoningText: { text: '' } } };
          const { reasoningText } = blocks[index].reasoningContent;
          reasoningText.text += delta.reasoningContent.text ?? '';
          if (delta.reasoningContent.signature) reasoningText.signature = delta.reasoningContent.signature;
        }
        if (event.messageStop) finish = event.messageStop.stopReason;
        if (event.metadata) usage = event.metadata.usage;
      }
      content = blocks.filter(Boolean).map((block) =>
        block.toolUse ? { toolUse: { ...block.toolUse, input: JSON.parse(block.toolUse.input || '{}') } } : block,
      );
    } else {
      const answer = await this.client.send(new ConverseCommand(input));
      content = answer.output.message.content;
      finish = answer.stopReason;
      usage = answer.usage;
    }
    return {
      text: content.map((block) => block.text ?? '').join(''),
      reasoning: content.map((block) => block.reasoningContent?.reasoningText?.text ?? '').join(''),
      calls: content
        .filter((block) => block.toolUse)
        .map(({ toolUse }) => ({ id: toolUse.toolUseId, name: toolUse.name, arguments: toolUse.input })),
      finish: { end_turn: 'stop', tool_use: 'tools', max_tokens: 'length' }[finish] ?? finish,
      usage: usage && { input: usage.inputTokens, output: usage.outputTokens },
      raw: content,
    };
  }
}

// Claude's own JSON in Bedrock's envelope.
export class InvokeSdk {
  constructor(url, key) {
    this.client = bedrockClient(url, key);
  }

  async chat(request) {
    const input = {
      modelId: request.model,
      contentType: 'application/json',
      accept: 'application/json',
      body: JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', ...anthropicBody(request) }),
    };
    const decoder = new TextDecoder();
    if (!request.stream) {
      const answer = await this.client.send(new InvokeModelCommand(input));
      return anthropicResult(JSON.parse(decoder.decode(answer.body)));
    }
    const answer = await this.client.send(new InvokeModelWithResponseStreamCommand(input));
    const whole = { content: [], usage: {} };
    for await (const { chunk } of answer.body) {
      const event = JSON.parse(decoder.decode(chunk.bytes));
      if (event.type === 'message_start') whole.usage = event.message.usage;
      if (event.type === 'content_block_start') {
        whole.content[event.index] = { ...event.content_block, json: '' };
      }
      if (event.type === 'content_block_delta') {
        const block = whole.content[event.index];
        block.text &&= block.text;
        if (event.delta.type === 'text_delta') block.text += event.delta.text;
        if (event.delta.type === 'thinking_delta') block.thinking += event.delta.thinking;
        if (event.delta.type === 'signature_delta') block.signature = event.delta.signature;
        if (event.delta.type === 'input_json_delta') block.json += event.delta.partial_json;
      }
      if (event.type === 'message_delta') {
        whole.stop_reason = event.delta.stop_reason;
        whole.usage = { ...whole.usage, ...event.usage };
      }
    }
    whole.content = whole.content.map(({ json, ...block }) =>
      block.type === 'tool_use' ? { ...block, input: JSON.parse(json || '{}') } : block,
    );
    return anthropicResult(whole);
  }
}

export const SDKS = {
  'openai-chat': ChatSdk,
  'openai-responses': ResponsesSdk,
  anthropic: AnthropicSdk,
  gemini: GeminiSdk,
  'bedrock converse': ConverseSdk,
  'bedrock invoke': InvokeSdk,
};
