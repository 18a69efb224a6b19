import { escapeHtml } from "../../base/escape-html.ts";
import { html } from "../../http/make.ts";
import type { Response } from "../../http/response.ts";
import type { ShownFault } from "./shown-fault.ts";

/** A page that shows what is broken, for requests that nothing can answer because of it. Works without a script. */
export function faultPage(faults: readonly ShownFault[]): Response {
  const [first] = faults;
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(first?.message ?? "Nothing answers")}</title>
<style>
${PAGE_STYLE}
${FAULT_STYLE}
</style>
</head>
<body>
<main>
${faults.map(faultMarkup).join("")}<p class="note">This page appears in development only, and goes by itself when the fault is mended.</p>
</main>
</body>
</html>
`;
  return html(page, { status: 500, headers: { "cache-control": "no-store" } });
}

function faultMarkup({ title, code, message, place, frame, hint }: ShownFault): string {
  const lines = frame
    .trimEnd()
    .split("\n")
    .map((line) => (/^>|^ +\^$/.test(line) ? `<b>${escapeHtml(line)}</b>` : escapeHtml(line)));
  const optional = [
    place === "" ? "" : `<p class="place">${escapeHtml(place)}</p>\n`,
    frame === "" ? "" : `<pre tabindex="0">${lines.join("\n")}</pre>\n`,
    hint === "" ? "" : `<p class="hint">${escapeHtml(hint)}</p>\n`,
  ];
  return `<article>
<p class="what"><span>${escapeHtml(code)}</span> ${escapeHtml(title)}</p>
<h1>${escapeHtml(message)}</h1>
${optional.join("")}</article>
`;
}

const PAGE_STYLE = `:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; background: light-dark(#f6f4f1, #131211); }
main { max-width: 56rem; margin: 0 auto; padding: clamp(1rem, 6vh, 5rem) 1rem 2rem; }
.note { font: .8125rem/1.5 system-ui, sans-serif; color: light-dark(#6a645d, #a29b93); }`;

/** How a fault looks, on its own page and in the overlay. */
export const FAULT_STYLE = `article { margin: 0 0 1.25rem; padding: 1.5rem; border-radius: .75rem; overflow: hidden;
  font: 1rem/1.5 system-ui, sans-serif; color: light-dark(#1d1a17, #efebe6); background: light-dark(#fff, #1e1c1a);
  border: 1px solid light-dark(#e4dfd8, #35312d); border-top: .25rem solid light-dark(#c8321f, #ff6a55);
  box-shadow: 0 1rem 3rem rgb(0 0 0 / .18); }
.what { margin: 0; font-size: .8125rem; color: light-dark(#6a645d, #a29b93); overflow-wrap: anywhere; }
.what span { font-weight: 600; color: light-dark(#b42815, #ff8a78); }
h1 { margin: .25rem 0 0; font-size: 1.25rem; line-height: 1.35; font-weight: 650; overflow-wrap: anywhere; white-space: pre-wrap; }
.place { margin: .75rem 0 0; font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere;
  color: light-dark(#0b5c8a, #79c2f2); }
pre { margin: .75rem 0 0; padding: .875rem 1rem; overflow: auto; border-radius: .5rem; tab-size: 2;
  font: .875rem/1.6 ui-monospace, SFMono-Regular, Menlo, monospace;
  color: light-dark(#5b554e, #b3aca4); background: light-dark(#f6f4f1, #131211); }
pre b { font-weight: 600; color: light-dark(#b42815, #ff8a78); }
.hint { margin: .75rem 0 0; font-size: .9375rem; color: light-dark(#47423c, #cdc6be); }`;
