import { withoutVersion } from "../base/errors.ts";
import { escapeHtml } from "../base/escape-html.ts";
import { negotiateMediaType } from "../fields/accept.ts";
import type { HttpError } from "../http/http-error.ts";
import { html, problem } from "../http/make.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { reasonOf } from "../http/status.ts";
import { ExtensionError } from "./extension-error.ts";

/** What an error page tells of the error. */
export interface ErrorFacts {
  readonly status: number;
  /** The standard phrase of the status. */
  readonly title: string;
  /** What went wrong this time, if clients may know. */
  readonly detail: string | undefined;
}

declare module "../http/request.ts" {
  interface RequestState {
    /** What the error page says that is the response to this request. */
    error?: ErrorFacts;
  }
}

const OFFERS = ["application/problem+json", "application/json", "text/html"];

/**
 * The answer to an error that no error handler has answered: a page for whom prefers HTML, a problem document (RFC 9457)
 * for all others.
 *
 * @param thrown what was thrown
 * @param error the same with a status, or undefined for an internal error
 * @param development whether an internal error may be shown
 */
export function errorPage(
  request: Request,
  thrown: unknown,
  error: HttpError | undefined,
  development: boolean,
): Response {
  const status = error?.status ?? 500;
  const shown = error === undefined && development;
  const detail = shown ? messageOf(thrown) : error?.detail;
  const stack = shown ? stackOf(thrown) : undefined;
  const headers = { ...error?.fields, vary: "Accept" };
  if (prefersHtml(request)) return html(page(status, detail, stack), { status, headers });
  return problem(status, { detail, ...(stack === undefined ? {} : { stack }), ...error?.members }, { headers });
}

/** Whether an error is told to people: programs get a problem document. */
export function prefersHtml(request: Request): boolean {
  return negotiateMediaType(request.headers.get("accept") ?? undefined, OFFERS) === "text/html";
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

/** Where it happened: for an extension that is where its own code failed. */
function stackOf(thrown: unknown): string | undefined {
  const failed = thrown instanceof ExtensionError ? thrown.cause : thrown;
  return failed instanceof Error && failed.stack !== undefined ? withoutVersion(failed.stack) : undefined;
}

function page(status: number, detail: string | undefined, stack: string | undefined): string {
  const title = escapeHtml(reasonOf(status) || "Error");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${status} ${title}</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.125rem/1.5 system-ui, sans-serif; }
main { padding: 2rem; max-width: min(44rem, 100vw - 4rem); }
h1 { margin: 0; font-size: 1.5rem; font-weight: 600; }
h1 span { display: block; font-size: 4.5rem; line-height: 1.1; font-weight: 700; color: GrayText; }
p { margin: .75rem 0 0; overflow-wrap: anywhere; }
pre { margin: 1.5rem 0 0; padding: 1rem; overflow: auto; font-size: .875rem; border: 1px solid GrayText; border-radius: .5rem; }
</style>
</head>
<body>
<main>
<h1><span>${status}</span> ${title}</h1>
${detail === undefined ? "" : `<p>${escapeHtml(detail)}</p>\n`}${
    stack === undefined ? "" : `<pre tabindex="0">${escapeHtml(stack)}</pre>\n`
  }</main>
</body>
</html>
`;
}
