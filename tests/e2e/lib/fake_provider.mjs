import { Program } from './program.mjs';
import { waitFor } from './wait.mjs';

// lmgate-fakeprovider and its journal.
export class FakeProvider {
  static async start({ port, env, cwd, logFile, journalLimit = 1000 }) {
    const provider = new FakeProvider();
    provider.url = `http://127.0.0.1:${port}`;
    provider.program = new Program(
      'lmgate-fakeprovider',
      ['--listen', `127.0.0.1:${port}`, '--journal-limit', String(journalLimit), '--env-file', ''],
      { env, cwd, logFile },
    );
    await waitFor('the fake provider listens', () => provider.stats(), {
      timeoutMs: 20_000,
      unless: () => provider.program.endText(),
    });
    return provider;
  }

  async stats() {
    return await (await fetch(`${this.url}/__stats`)).json();
  }

  // What arrived after entry `after`, oldest first.
  async journal(after = 0) {
    return await (await fetch(`${this.url}/__journal?after=${after}`)).json();
  }

  async clear() {
    await fetch(`${this.url}/__journal`, { method: 'DELETE' });
  }

  // The first entry, of those there or still to come, for which `matches` is true.
  async waitForEntry(what, matches) {
    return await waitFor(what, async () => (await this.journal()).find(matches));
  }
}

// Value of a header of a journal entry, in any case; undefined when it is not there.
export function headerOf(entry, name) {
  return entry.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}
