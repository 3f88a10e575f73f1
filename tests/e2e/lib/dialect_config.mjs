// One connection a dialect, all to one fake provider; and the SDKs of all dialects to ask it with.

// @google/genai and the AWS SDK need it; Debian 12's own Node is 18.
const NODE_MAJOR_MIN = 20;
export const skip = Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN ? `needs Node ${NODE_MAJOR_MIN}` : false;

export const FRONTENDS = ['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'bedrock converse', 'bedrock invoke'];

export const BACKENDS = ['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'bedrock'];

// Names that each coder takes for one of its own kind of model.
const MODELS = { anthropic: 'claude-sonnet-4-5', gemini: 'gemini-2.5-flash', bedrock: 'anthropic.claude-sonnet-4-5-v1:0' };

// What may be asked for: Bedrock's Claude is spoken to by InvokeModel, all others by Converse.
export const TARGETS = [
  ...BACKENDS.map((backend) => ({ backend, model: modelOf(backend), name: backend })),
  { backend: 'bedrock', model: 'bedrock.amazon.nova-pro-v1:0', name: "bedrock's Nova" },
];

export function modelOf(backend) {
  return `${backend}.${MODELS[backend] ?? 'gpt-5'}`;
}

// Model "gemini.X" is X of the connection gemini. `fields` goes into each route: "system: {append: Hi}".
export function routesByDialect(fields = '') {
  const more = fields === '' ? '' : `, ${fields}`;
  return BACKENDS.map((name) => `{name: ${name}, model: "${name}.*", strip_prefix: "${name}.", to: "${name}.*"${more}}`);
}

// The lmgate.yaml.
export function dialectConfig(provider, routes = routesByDialect()) {
  return `
connections:
  openai-chat: {dialect: openai-chat, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY}
  openai-responses: {dialect: openai-responses, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY}
  anthropic: {dialect: anthropic, base_url: ${provider.url}/v1, api_key: env:FAKE_PROVIDER_KEY, auth: {header: x-api-key}}
  gemini: {dialect: gemini, base_url: ${provider.url}/v1beta, api_key: env:FAKE_PROVIDER_KEY, auth: {header: x-goog-api-key}}
  bedrock: {dialect: bedrock, base_url: ${provider.url}, api_key: env:FAKE_PROVIDER_KEY}
routes:
${routes.map((route) => `  - ${route}`).join('\n')}
groups:
  default: {connections: "*"}
`;
}

// A client of each of FRONTENDS, with a key of its own. Not for Node below NODE_MAJOR_MIN.
export async function makeSdks(installation) {
  const { SDKS } = await import('./sdk_clients.mjs');
  const key = await installation.addKey('sdks');
  return Object.fromEntries(Object.entries(SDKS).map(([name, Sdk]) => [name, new Sdk(installation.url(), key)]));
}
