import net from 'node:net';

// Sends bytes as they are and gives back all that comes until the peer closes (or `untilMs` is over).
// `more` is sent piece by piece, one every 20 ms, as long as the peer takes it.
export function sendRaw(url, bytes, { more = [], untilMs = 30_000 } = {}) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = net.connect(Number(port), hostname);
    let text = '';
    let closed = false;
    const timer = setTimeout(() => socket.destroy(), untilMs);
    socket.setEncoding('latin1');
    socket.on('connect', async () => {
      socket.write(bytes);
      for (const piece of more) {
        await new Promise((next) => setTimeout(next, 20));
        if (closed) return;
        socket.write(piece);
      }
    });
    socket.on('data', (data) => (text += data));
    socket.on('error', () => {}); // a reset after the answer is the peer's right
    socket.on('close', () => {
      closed = true;
      clearTimeout(timer);
      resolve({ text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), elapsedMs: performance.now() - began });
    });
  });
}
