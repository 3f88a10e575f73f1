// What the kernel knows of processes, from /proc.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ: the same on every Linux that Debian runs on

// Null when it is gone meanwhile.
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

// The fields of /proc/PID/stat after the name, which may have blanks and brackets: [0] is the state.
function statFields(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

// The process and all below it.
export function processTree(root) {
  const children = new Map();
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(name);
    if (fields === null) continue;
    const parent = Number(fields[1]);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(Number(name));
  }
  const tree = [root];
  for (let i = 0; i < tree.length; ++i) tree.push(...(children.get(tree[i]) ?? []));
  return tree;
}

// Seconds of CPU that all threads of the tree have used: {total, user, system}. The total is exact;
// the kernel tells user and system apart by sampling.
export function cpuSeconds(root) {
  const cpu = { total: 0, user: 0, system: 0 };
  for (const pid of processTree(root)) {
    for (const task of list(`/proc/${pid}/task`)) {
      cpu.total += Number((read(`/proc/${pid}/task/${task}/schedstat`) ?? '0').split(' ')[0]) / 1e9;
    }
    const fields = statFields(pid);
    cpu.user += Number(fields?.[11] ?? 0) / TICKS_PER_SECOND;
    cpu.system += Number(fields?.[12] ?? 0) / TICKS_PER_SECOND;
  }
  return cpu;
}

// A line of /proc/PID/status, such as VmRSS or VmHWM, summed over the tree, in KiB.
export function memoryKib(root, name) {
  let kib = 0;
  for (const pid of processTree(root)) {
    const match = (read(`/proc/${pid}/status`) ?? '').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'));
    kib += Number(match?.[1] ?? 0);
  }
  return kib;
}

// True when a process of the tree itself listens on 127.0.0.1:port: not just anybody.
export function ownsListener(root, port) {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set();
  for (const line of (read('/proc/net/tcp') ?? '').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === address && fields[3] === '0A') sockets.add(`socket:[${fields[9]}]`); // 0A: listens
  }
  if (sockets.size === 0) return false;
  return processTree(root).some((pid) =>
    list(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    }),
  );
}

// Time of all CPUs since the machine started, in ticks: {busy, total}.
export function machineTicks() {
  const fields = read('/proc/stat').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  const total = fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  return { busy: total - fields[3] - fields[4], total }; // without idle and iowait
}

// Descriptors that one process may open, when it raises its own limit.
export function descriptorLimit() {
  const match = read('/proc/self/limits').match(/^Max open files\s+\S+\s+(\S+)/m);
  return match?.[1] === 'unlimited' ? 1 << 20 : Number(match?.[1] ?? 1024);
}
