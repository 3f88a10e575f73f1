// Constant load: loops of plain and streamed chat requests over kept-alive connections, each answer
// checked to its end. Raw node:http, so that nothing retries behind our back.
import http from 'node:http';
import { waitFor } from './wait.mjs';

const ERRORS_MAX = 20; // kept for the message

export class Load {
  // urls: data planes, used in turn. pick: gives the model of the next request.
  constructor({ urls, key, loops = 6, pick = () => 'gpt-4o' }) {
    this.urls = urls;
    this.key = key;
    this.pick = pick;
    this.answered = 0;
    this.byUrl = new Map(urls.map((url) => [url, 0]));
    this.connecting = new Map(); // url -> requests without a connection yet
    this.errors = [];
    this.agent = new http.Agent({ keepAlive: true });
    this.stopping = false;
    this.loops = Array.from({ length: loops }, (_, i) => this.#loop(i));
  }

  addUrl(url) {
    this.urls.push(url);
    this.byUrl.set(url, 0);
  }

  // No new requests to it. Returns when those that were chosen for it before are connected: they
  // may still be under way.
  async removeUrl(url) {
    this.urls = this.urls.filter((other) => other !== url);
    await waitFor(`requests to ${url} are connected`, () => !this.connecting.get(url));
  }

  // Ends the load when its requests are answered; gives {answered, errors}.
  async stop() {
    this.stopping = true;
    await Promise.all(this.loops);
    this.agent.destroy();
    return { answered: this.answered, errors: this.errors };
  }

  async #loop(number) {
    for (let i = number; !this.stopping; ++i) {
      const url = this.urls[i % this.urls.length];
      try {
        await this.#ask(url, i % 2 === 0);
        this.answered += 1;
        this.byUrl.set(url, this.byUrl.get(url) + 1);
      } catch (error) {
        if (this.errors.length < ERRORS_MAX) this.errors.push(`${url}: ${error.message}`);
      }
    }
  }

  #countConnecting(url, change) {
    this.connecting.set(url, (this.connecting.get(url) ?? 0) + change);
  }

  #ask(url, stream) {
    const body = JSON.stringify({
      model: this.pick(),
      stream,
      messages: [{ role: 'user', content: 'one two three four five' }],
    });
    this.#countConnecting(url, 1);
    return new Promise((resolve, reject) => {
      const request = http.request(
        `${url}/v1/chat/completions`,
        {
          method: 'POST',
          agent: this.agent,
          timeout: 20_000,
          headers: {
            authorization: `Bearer ${this.key}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (data) => (text += data));
          response.on('error', reject);
          response.on('aborted', () => reject(new Error(`cut after ${text.length} characters`)));
          response.on('end', () => {
            const whole = stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}');
            if (response.statusCode === 200 && whole) resolve();
            else reject(new Error(`${response.statusCode}: ${text.slice(-300)}`));
          });
        },
      );
      request.on('socket', (socket) => {
        const connected = () => this.#countConnecting(url, -1);
        if (!socket.connecting) return connected();
        socket.once('connect', connected);
        socket.once('error', connected);
      });
      request.on('timeout', () => request.destroy(new Error('no answer in 20 s')));
      request.on('error', reject);
      request.end(body);
    });
  }
}
