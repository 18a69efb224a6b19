import { type Markup, trustedMarkup } from "../../helpers/markup.ts";
import { mediaTypeOf } from "../../helpers/media-types.ts";

/** The style sheet of a listing. */
export const STYLE: Markup = /* @__PURE__ */ trustedMarkup(`
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --line: #e3e6ea; --hover: #f0f4fb;
  --text: #1c2430; --quiet: #5d6877; --link: #1a56c4; --folder: #2f6fde; --focus: #2f6fde;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101419; --card: #171c23; --line: #272e38; --hover: #1e2631;
    --text: #e3e8ef; --quiet: #98a4b3; --link: #8ab4ff; --folder: #6ea2ff; --focus: #8ab4ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: clamp(1rem, 4vw, 3rem) clamp(.75rem, 3vw, 1.5rem); }
header { margin: 0 .25rem 1rem; }
nav { display: flex; flex-wrap: wrap; gap: 0 .45em; font-size: 1.35rem; font-weight: 600; line-height: 1.4; }
nav > span { color: var(--quiet); font-weight: 400; }
nav ol { display: inline; margin: 0; padding: 0; list-style: none; }
nav li { display: inline; overflow-wrap: anywhere; }
nav li + li::before { content: "/"; margin: 0 .3em; color: var(--quiet); font-weight: 400; }
nav svg { width: 1.15rem; height: 1.15rem; margin: 0; vertical-align: -.15em; stroke: currentColor; }
.summary { margin: .1rem 0 0; color: var(--quiet); font-size: .875rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible { outline: 2px solid var(--focus); outline-offset: -2px; border-radius: 6px; }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
caption, .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th { padding: 0; border-bottom: 1px solid var(--line); text-align: left; font-size: .8125rem; font-weight: 500; }
th a { display: block; padding: .6rem 1rem; color: var(--quiet); white-space: nowrap; }
th[aria-sort] a { color: var(--text); font-weight: 600; }
th[aria-sort="ascending"] a::after { content: " \\2191"; }
th[aria-sort="descending"] a::after { content: " \\2193"; }
td { padding: 0; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: var(--hover); }
td.name { width: 100%; }
td.name > * { display: flex; align-items: flex-start; gap: .7rem; padding: .5rem 1rem; }
td.name span { min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.lost { color: var(--quiet); cursor: help; }
svg { flex: none; width: 1.25rem; height: 1.25rem; margin-top: .09rem; fill: none; stroke: var(--quiet); stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
svg.folder { fill: color-mix(in srgb, var(--folder) 18%, transparent); stroke: var(--folder); }
.size, .date { text-align: right; white-space: nowrap; }
td.size, td.date { padding: .5rem 1rem; color: var(--quiet); font-size: .875rem; font-variant-numeric: tabular-nums; vertical-align: top; }
@media (max-width: 40rem) {
  .clock { display: none; }
  th a, td.name > *, td.size, td.date { padding-left: .6rem; padding-right: .6rem; }
  td.size, td.date { font-size: .8125rem; }
}
@media print { body, table { background: none; } }
`);

const DRAWINGS: Readonly<Record<string, string>> = {
  folder:
    "M3 7.5A1.5 1.5 0 0 1 4.5 6h4.3l2 2.4h8.7A1.5 1.5 0 0 1 21 9.9v8.1a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18Z",
  up: "M12 19V5m-6 6 6-6 6 6",
  home: "m4 11 8-7 8 7v8.5H14v-5h-4v5H4Z",
  file: "M6 3.5h8L19 8.5v12H6Zm8 0v5h5",
  text: "M6 3.5h8L19 8.5v12H6Zm8 0v5h5M9 12.5h7M9 16h7",
  code: "m8.5 8-4.5 4 4.5 4m7-8 4.5 4-4.5 4m-2-10-3 12",
  image: "M4 5h16v14H4Zm0 11 4.5-4.5 4 4 2.5-2.5 5 5M15.5 9.6h.01",
  audio: "M9 17.5V6l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Zm10-2a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z",
  video: "M4 5.5h16v13H4Zm6.5 3.8v5.4l4.5-2.7Z",
  archive: "M4 4h16v4.5H4Zm1.5 4.5V20h13V8.5M10 12.5h4",
};

/** The drawings that the rows refer to, once for all of them. */
export const ICONS: Markup = /* @__PURE__ */ trustedMarkup(
  `<svg hidden>${Object.entries(DRAWINGS)
    .map(([name, path]) => `<symbol id="${name}" viewBox="0 0 24 24"><path d="${path}"/></symbol>`)
    .join("")}</svg>`,
);

const CODE = /(?:javascript|typescript|json|xml|html|css|yaml|toml|wasm|x-sh|x-httpd-php|x-c|x-java|x-lua|x-perl)\b/;
const CODE_NAMES = /\.(?:[cm]?tsx?|py|rb|go|rs|swift|kt|graphql)$/i;
const ARCHIVE = /(?:zip|tar|compress|gzip|bzip|x-xz|7z|rar|zstd|java-archive|iso9660)/;

/** The name of the drawing for a file. */
export function iconOf(name: string): string {
  const type = mediaTypeOf(name);
  const family = type.slice(0, type.indexOf("/"));
  if (CODE_NAMES.test(name)) return "code";
  if (family === "image" || family === "audio" || family === "video") return family;
  if (CODE.test(type)) return "code";
  if (ARCHIVE.test(type)) return "archive";
  return family === "text" || type === "application/pdf" ? "text" : "file";
}
