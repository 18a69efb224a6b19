import { negotiateMediaType } from "../../fields/accept.ts";
import { html, json } from "../../http/make.ts";
import type { Request } from "../../http/request.ts";
import type { Response } from "../../http/response.ts";
import { type FolderEntry, readFolder } from "./folder-entries.ts";
import { listingPage, type Sorting } from "./listing-page.ts";
import { prefixOf } from "./redirect-to.ts";

let collator: Intl.Collator | undefined;

/** Made on first use: it costs milliseconds. */
function byName(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b);
}

/**
 * A folder as a page for people or as JSON for programs, whichever the request prefers.
 *
 * `?sort=name|size|date` and `&order=asc|desc` sort it. Folders come first, by name where they have nothing else.
 *
 * @param path the folder's path, with a final `/`
 * @param mayFollow whether the symbolic link at a path may be shown
 */
export async function listingResponse(
  request: Request,
  path: string,
  folder: string,
  mayFollow: (link: string) => Promise<boolean>,
): Promise<Response> {
  const { entries, omitted } = await readFolder(folder, mayFollow);
  const sorting = sortingOf(request);
  const sorted = entries.toSorted(comparison(sorting));
  const prefix = prefixOf(request, path);
  const accept = request.headers.get("accept") ?? undefined;
  const headers = { vary: "accept" };
  if (negotiateMediaType(accept, ["text/html", "application/json"]) === "application/json") {
    return json({ path: prefix + path, entries: sorted.map(forJson), omitted }, { headers });
  }
  return html(listingPage({ prefix, path, entries: sorted, omitted, sorting }), { headers });
}

function sortingOf(request: Request): Sorting {
  const asked = request.query.get("sort");
  const key = asked === "size" || asked === "date" ? asked : "name";
  return { key, descending: request.query.get("order") === "desc" };
}

function comparison({ key, descending }: Sorting): (a: FolderEntry, b: FolderEntry) => number {
  const direction = descending ? -1 : 1;
  return (a, b) => {
    if (a.kind !== b.kind) return a.kind === "folder" ? -1 : 1;
    return (
      direction * (valueOf(a, key) - valueOf(b, key) || (key === "name" ? byName(a.name, b.name) : 0)) ||
      byName(a.name, b.name)
    );
  };
}

function valueOf(entry: FolderEntry, key: Sorting["key"]): number {
  if (key === "name") return 0;
  return (key === "size" ? entry.size : entry.modified) ?? -1;
}

function forJson({ name, kind, size, modified }: FolderEntry): object {
  return { name, kind, size, modified: modified === undefined ? undefined : new Date(modified).toISOString() };
}
