// Waiting on conditions with a deadline, the only way in which these tests wait.

const POLL_MS = 5;

// Calls `probe` until it gives something truthy, and gives that back. The error names `what` and the
// last value, or error, that was seen. `unless` gives a reason to stop waiting; empty = none yet.
export async function waitFor(what, probe, { timeoutMs = 10_000, unless = () => '' } = {}) {
  const deadline = performance.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    const reason = unless();
    if (reason) throw new Error(`${what}: ${reason}`);
    if (performance.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`${what}: not within ${timeoutMs} ms; last seen: ${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
