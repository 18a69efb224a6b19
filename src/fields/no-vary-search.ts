/** How the queries of a path are told apart. */
export interface NoVarySearch {
  keyOf(search: string): string;
}

/** First version, to be replaced. */
export function parseNoVarySearch(_value: string | null): NoVarySearch | undefined {
  return undefined;
}
