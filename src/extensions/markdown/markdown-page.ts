import { type Markup, markup, trustedMarkup } from "../../helpers/markup.ts";

/** A page of Markdown, ready to be put into a template. */
export interface MarkdownPage {
  /** From the front matter, else the first heading, else the file's name. As text. */
  readonly title: string;
  /** HTML. */
  readonly content: string;
  /** The language: `lang` of the front matter, `en` by default. */
  readonly lang: string;
  /** All that the front matter says. */
  readonly fields: ReadonlyMap<string, string>;
}

const STYLE: Markup = /* @__PURE__ */ trustedMarkup(`
:root {
  color-scheme: light dark;
  --ground: #fff; --text: #1f2630; --quiet: #5b6675; --line: #dfe3e8; --code: #f4f6f8; --link: #1a56c4;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --text: #dfe5ec; --quiet: #98a4b3; --line: #2b323c; --code: #1d232b; --link: #8ab4ff; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1.0625rem/1.65 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: clamp(1.25rem, 5vw, 4rem) clamp(1rem, 4vw, 1.5rem) 5rem; overflow-wrap: break-word; }
main > :first-child { margin-top: 0; }
h1, h2, h3, h4, h5, h6 { margin: 2.2em 0 .6em; line-height: 1.25; text-wrap: balance; scroll-margin-top: 1rem; }
h1 { font-size: 2.1rem; letter-spacing: -.015em; }
h2 { font-size: 1.5rem; padding-bottom: .3em; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.2rem; }
h4, h5, h6 { font-size: 1rem; }
p, ul, ol, dl, pre, table, blockquote, figure { margin: 0 0 1.1em; }
li + li { margin-top: .25em; }
li > ul, li > ol { margin: .25em 0 0; }
a { color: var(--link); text-decoration-thickness: .06em; text-underline-offset: .18em; }
img, video, svg { max-width: 100%; height: auto; }
code, pre, kbd, samp { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
code { padding: .15em .35em; border-radius: .3em; background: var(--code); }
pre { padding: 1em 1.15em; overflow: auto; border: 1px solid var(--line); border-radius: .6em; background: var(--code); line-height: 1.5; tab-size: 2; }
pre code { padding: 0; background: none; font-size: inherit; }
blockquote { padding-left: 1.1em; border-left: .25em solid var(--line); color: var(--quiet); }
table { display: block; max-width: 100%; overflow-x: auto; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .45em .9em; border: 1px solid var(--line); text-align: start; vertical-align: top; }
th { background: var(--code); }
hr { height: 1px; margin: 2.5em 0; border: 0; background: var(--line); }
li:has(> input[type="checkbox"]) { list-style: none; margin-left: -1.4em; }
@media print { body { background: none; } a { color: inherit; } }
`);

/** The page that Markdown is shown in when there is no other template. */
export function markdownPage({ title, content, lang }: MarkdownPage): string {
  return markup`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${trustedMarkup(content)}</main>
</body>
</html>
`.toString();
}
