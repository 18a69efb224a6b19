import { type Markup, markup, trustedMarkup } from "../../helpers/markup.ts";
import type { FolderEntry } from "./folder-entries.ts";
import { ICONS, iconOf, STYLE } from "./listing-look.ts";

/** How a listing is sorted. */
export interface Sorting {
  readonly key: "name" | "size" | "date";
  readonly descending: boolean;
}

/** What the page of a folder shows. */
export interface ListingPage {
  /** What stands before the path in the URL; empty, or `/` and a name, and so on. */
  readonly prefix: string;
  /** The folder's path, with a final `/`. */
  readonly path: string;
  /** Sorted. */
  readonly entries: readonly FolderEntry[];
  /** How many more there are. */
  readonly omitted: number;
  readonly sorting: Sorting;
}

/** The page of a folder. Needs no script, no other file and no request but its own. */
export function listingPage({ prefix, path, entries, omitted, sorting }: ListingPage): Markup {
  const title = prefix + path;
  // The way of sorting stays with whoever walks on.
  const query = sorting.key === "name" && !sorting.descending ? "" : queryOf(sorting);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Index of ${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${ICONS}
<main>
<header>
<h1 class="unseen">Index of ${title}</h1>
${breadcrumbs(prefix, path, query)}
<p class="summary">${summaryOf(entries, omitted)}</p>
</header>
${tableOf(path, entries, sorting, query)}
</main>
</body>
</html>
`;
}

function breadcrumbs(prefix: string, path: string, query: string): Markup {
  const segments = path.split("/").slice(1, -1);
  const lead = trustedMarkup('<span aria-hidden="true">Index of</span>');
  if (segments.length === 0) return markup`<nav>${lead} <b>${prefix}/</b></nav>`;
  const top = prefix === "" ? markup`${icon("home")}<span class="unseen">Top</span>` : prefix.slice(1);
  const crumbs = [top, ...segments.map(printable)].map((label, index) => {
    const up = segments.length - index;
    if (up === 0) return markup`<li aria-current="page">${label}</li>`;
    return markup`<li><a href="${"../".repeat(up)}${query}">${label}</a></li>`;
  });
  return markup`<nav aria-label="Folders above">${lead} <ol>${crumbs}</ol></nav>`;
}

function summaryOf(entries: readonly FolderEntry[], omitted: number): string {
  const folders = entries.filter(({ kind }) => kind === "folder").length;
  const octets = entries.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const parts = [
    folders > 0 ? count(folders, "folder") : "",
    entries.length > folders ? `${count(entries.length - folders, "file")}, ${formatSize(octets)}` : "",
    omitted > 0 ? `${count(omitted, "more entry", "more entries")} not shown` : "",
  ];
  return parts.filter((part) => part !== "").join(" · ") || "This folder is empty";
}

function count(amount: number, one: string, many: string = `${one}s`): string {
  return `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;
}

function tableOf(path: string, entries: readonly FolderEntry[], sorting: Sorting, query: string): Markup {
  const above = markup`<tr><td class="name"><a href="../${query}">${icon("up")}<span>..</span></a></td>
<td class="size"></td><td class="date"></td></tr>
`;
  return markup`<table>
<caption>Files in this folder. Sort by the links in the head of a column.</caption>
<thead><tr>
${columnHead("name", "Name", sorting)}
${columnHead("size", "Size", sorting)}
${columnHead("date", "Modified", sorting)}
</tr></thead>
<tbody>
${path === "/" ? null : above}${entries.map((entry) => row(entry, query))}</tbody>
</table>`;
}

/** Names begin with A, sizes and dates with what people look for: the largest and the latest. */
function columnHead(key: Sorting["key"], label: string, sorting: Sorting): Markup {
  const active = sorting.key === key;
  const descending = active ? !sorting.descending : key !== "name";
  const order = sorting.descending ? "descending" : "ascending";
  const state = active ? markup` aria-sort="${order}"` : null;
  return markup`<th scope="col" class="${key}"${state}><a href="${queryOf({ key, descending })}">${label}</a></th>`;
}

function queryOf({ key, descending }: Sorting): string {
  return `?sort=${key}&order=${descending ? "desc" : "asc"}`;
}

function row({ name, kind, size, modified, segment }: FolderEntry, query: string): Markup {
  const folder = kind === "folder";
  const shown = printable(folder ? `${name}/` : name);
  const label = markup`${icon(folder ? "folder" : iconOf(name))}<span>${shown}</span>`;
  const href = segment === undefined ? undefined : folder ? `${segment}/${query}` : segment;
  const cell =
    href === undefined
      ? markup`<span class="lost" title="No URL can express this name">${label}</span>`
      : markup`<a href="${href}">${label}</a>`;
  return markup`<tr><td class="name">${cell}</td><td class="size">${sizeCell(size)}</td><td class="date">${dateCell(modified)}</td></tr>
`;
}

/** Control characters as their pictures: a line feed in a name must not look like two files. */
function printable(name: string): string {
  // oxlint-disable-next-line no-control-regex
  return name.replace(/[\x00-\x1f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)));
}

function icon(name: string): Markup {
  return markup`<svg class="${name}" aria-hidden="true"><use href="#${name}"/></svg>`;
}

function sizeCell(size: number | undefined): Markup | null {
  if (size === undefined) return null;
  return markup`<data value="${size}" title="${count(size, "byte")}">${formatSize(size)}</data>`;
}

/** UTC, since nobody knows where the reader is. */
function dateCell(modified: number | undefined): Markup | null {
  if (modified === undefined || Number.isNaN(new Date(modified).getTime())) return null;
  const iso = new Date(modified).toISOString();
  const clock = trustedMarkup(`<span class="clock"> ${iso.slice(11, 16)}</span>`);
  return markup`<time datetime="${iso}" title="${iso.slice(0, 19).replace("T", " ")} UTC">${iso.slice(0, 10)}${clock}</time>`;
}

/** `999 B`, `1.5 KiB`, `20 MiB`: two digits at least, three at most. */
export function formatSize(octets: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = octets;
  let unit = 0;
  // 999.5 would be rounded to four digits.
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 9.95 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
