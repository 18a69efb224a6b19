import { formatPlace, MillraceError, type SourcePlace } from "../../base/errors.ts";
import { HttpError } from "../../http/http-error.ts";
import type { TemplateUse } from "./template-use.ts";

/** What errors of the library have. */
interface LiquidFailure extends Error {
  readonly token?: { readonly file?: string | undefined; getPosition(): number[] } | undefined;
  readonly originalError?: unknown;
}

/** What the library adds to its messages. */
const ITS_PLACE = /, (?:file:.*?, )?line:\d+, col:\d+$/;

/**
 * What went wrong in a template, with file, line and column. An `HttpError` that the data has thrown stays what it is.
 *
 * @param page the file of the page
 * @param skipped lines that stand before what was compiled of it
 */
export function templateError(thrown: unknown, page: string, skipped: number, use: TemplateUse): unknown {
  const { token, originalError, message } = thrown as LiquidFailure;
  if (originalError instanceof HttpError) return originalError;
  if (!(thrown instanceof Error) || token === undefined) return thrown;
  const part = token.file === undefined ? undefined : use.parts.get(token.file);
  const [line = 1, column = 1] = token.getPosition();
  const before = part === undefined ? skipped : part.directives === undefined ? 0 : 1;
  const place: SourcePlace = { file: part?.file ?? page, line: line + before, column };
  const text = `${formatPlace(place)}: ${message.replace(ITS_PLACE, "")}`;
  return new MillraceError("TEMPLATE_FAILED", text, { place, cause: thrown });
}
