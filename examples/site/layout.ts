import { html, type Markup, markup, type Response } from "../../src/index.ts";

/** The pages that the header leads to, and their paths. */
const PAGES: readonly (readonly [path: string, name: string])[] = [
  ["/gallery", "Gallery"],
  ["/streams", "Streams"],
  ["/upload", "Upload"],
  ["/wheels", "API"],
  ["/downloads/", "Downloads"],
  ["/errors", "Errors"],
];

/** Nothing but what this site itself sends. */
const POLICY = "default-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'self'";

/** What a page is made of beside its content. */
export interface PageHead {
  readonly title: string;
  /** The path of the page, which the header marks. */
  readonly path?: string;
  readonly status?: number;
  /** A script of this site. */
  readonly script?: string;
}

/** A page of the site: everything in `content` that came from outside has been escaped by `markup`. */
export function page({ title, path, status = 200, script }: PageHead, content: Markup): Response {
  const links = PAGES.map(([href, name]) => {
    const current = href === path ? markup` aria-current="page"` : null;
    return markup`<li><a href="${href}"${current}>${name}</a></li>`;
  });
  const whole = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === "millrace" ? title : `${title} · millrace`}</title>
<link rel="stylesheet" href="/site.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
${script === undefined ? null : markup`<script type="module" src="${script}"></script>`}
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header><div>
<a class="mark" href="/"><img src="/icon.svg" alt="" width="30" height="30">millrace</a>
<nav aria-label="Site"><ul>${links}</ul></nav>
</div></header>
<main id="content" tabindex="-1">
${content}
</main>
<footer><div>
<p>Served by millrace. Every page works without scripts; one small script draws a live curve.</p>
<p><a href="/downloads/">Files</a> · MIT licence</p>
</div></footer>
</body>
</html>
`;
  return html(whole, { status, headers: { "content-security-policy": POLICY } });
}
