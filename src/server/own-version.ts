import { readFileSync } from "node:fs";

let version: string | undefined;

/** The version of this package, as it was when it was asked for first: a newer one may have been put in its place. */
export function ownVersion(): string {
  if (version !== undefined) return version;
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  ({ version } = JSON.parse(text) as { version: string });
  return version;
}
