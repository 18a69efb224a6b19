/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` of the values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The median over rounds of `values[i] / base[i]`: drift that both share in a round cancels. */
export function ratioOf(values: readonly number[], base: readonly number[]): number {
  const ratios = values.slice(0, base.length).map((value, round) => value / (base[round] ?? NaN));
  return median(ratios);
}
