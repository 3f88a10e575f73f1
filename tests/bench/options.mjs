// The command line, as `run.sh --help` explains it.
import { CASES } from './cases.mjs';
import { PEERS } from './peers.mjs';

export class UsageError extends Error {}

function positive(name, text) {
  const number = Number(text);
  if (!(number > 0)) throw new UsageError(`${name} needs a number above 0, not "${text}"`);
  return number;
}

function subset(name, text, known) {
  const names = text.split(/[ ,]+/).filter(Boolean);
  for (const each of names) {
    if (!known.includes(each)) throw new UsageError(`${name}: no "${each}"; there are ${known.join(', ')}`);
  }
  return known.filter((each) => names.includes(each)); // in the table's order
}

export function parseOptions(args) {
  const options = {
    rounds: 5,
    secs: 3,
    cases: Object.keys(CASES),
    peers: Object.keys(PEERS),
    out: 'build/bench',
    quick: false,
    check: false, // only whether the options make sense: for run.sh
  };
  const rest = [...args];
  while (rest.length > 0) {
    const name = rest.shift();
    if (name === '--check') {
      options.check = true;
      continue;
    }
    if (name === '--quick') {
      Object.assign(options, { quick: true, rounds: 1, secs: 1 });
      continue;
    }
    if (!['--rounds', '--secs', '--cases', '--peers', '--out'].includes(name)) {
      throw new UsageError(`unknown option ${name}; see --help`);
    }
    const value = rest.shift();
    if (value === undefined) throw new UsageError(`${name} needs a value; see --help`);
    if (name === '--rounds') options.rounds = Math.ceil(positive(name, value));
    if (name === '--secs') options.secs = positive(name, value);
    if (name === '--cases') options.cases = subset(name, value, Object.keys(CASES));
    if (name === '--peers') options.peers = subset(name, value, Object.keys(PEERS));
    if (name === '--out') options.out = value;
  }
  return options;
}
