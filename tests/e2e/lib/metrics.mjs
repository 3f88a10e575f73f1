// Sum of all samples, in a program's /metrics, whose name and labels match; 0 when there is none.
export async function metric(adminUrl, pattern) {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    if (space > 0 && pattern.test(line.slice(0, space))) sum += Number(line.slice(space + 1));
  }
  return sum;
}
