/** First version, to be replaced. */
export function normaliseSelecting(_name: string, value: string | null): string | null {
  return value;
}
