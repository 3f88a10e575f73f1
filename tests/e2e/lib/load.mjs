// Constant load: loops of plain and streamed chat requests over kept-alive connections, each answer
// checked to its end. Raw node:http, so that nothing retries behind our back.
import http from 'node:http';

const ERRORS_MAX = 20; // kept for the message

export class Load {
  // urls: data planes, used in turn. pick: gives the model of the next request.
  constructor({ urls, key, loops = 6, pick = () => 'gpt-4o' }) {
    this.urls = urls;
    this.key = key;
    this.pick = pick;
    this.answered = 0;
    this.byUrl = new Map(urls.map((url) => [url, 0]));
    this.errors = [];
    this.agent = new http.Agent({ keepAlive: true });
    this.stopping = false;
    this.loops = Array.from({ length: loops }, (_, i) => this.#loop(i));
  }

  addUrl(url) {
    this.urls.push(url);
    this.byUrl.set(url, 0);
  }

  removeUrl(url) {
    this.urls = this.urls.filter((other) => other !== url);
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

  #ask(url, stream) {
    const body = JSON.stringify({
      model: this.pick(),
      stream,
      messages: [{ role: 'user', content: 'one two three four five' }],
    });
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
      request.on('timeout', () => request.destroy(new Error('no answer in 20 s')));
      request.on('error', reject);
      request.end(body);
    });
  }
}
