/**
 * The name that was probably meant, or undefined when none is near: at most one slip for each three characters begun.
 *
 * @example
 * suggestion("lisen", ["listen", "limits"]); // "listen"
 */
export function suggestion(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.ceil(name.length / 3) + 1;
  for (const candidate of known) {
    const steps = distance(name.toLowerCase(), candidate.toLowerCase(), least);
    if (steps >= least) continue;
    least = steps;
    best = candidate;
  }
  return best;
}

/** ` Did you mean "…"?`, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const meant = suggestion(name, known);
  return meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
}

/** How many characters to insert, remove, replace or swap with their neighbour; `limit` when it is that many or more. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let steps = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) steps = Math.min(steps, before[column - 2]! + 1);
      current.push(steps);
    }
    before = last;
    last = current;
  }
  return Math.min(last[b.length]!, limit);
}
