const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * Milliseconds until the next try after so many failures in a row: a minute, two, four … a day, each made shorter or longer
 * by up to a quarter, so that servers that failed together do not come back together.
 *
 * @param retryAfter what the authority asks to wait at least
 * @param random from 0 to 1
 */
export function backoff(failures: number, retryAfter: number | undefined, random: number): number {
  const base = Math.min(MINUTE * 2 ** Math.max(0, failures - 1), DAY);
  const jittered = base * (0.75 + random / 2);
  // It is no use to come a moment too soon; and nobody is made to wait for ever.
  const asked = Math.min(retryAfter ?? 0, 7 * DAY);
  return Math.round(Math.max(jittered, asked * (1 + random / 10)));
}
