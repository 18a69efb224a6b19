import { escapeHtml } from "../base/escape-html.ts";
import { html } from "../http/make.ts";
import type { Response } from "../http/response.ts";

/** What may stand in a {@link markup} template: nothing, text, numbers, markup, and lists of these. */
export type MarkupValue = Markup | string | number | bigint | boolean | null | undefined | readonly MarkupValue[];

/** HTML whose every value has been escaped. Made by {@link markup} and {@link trustedMarkup} only. */
export class Markup {
  readonly #html: string;

  /** @internal */
  constructor(html: string) {
    this.#html = html;
  }

  toString(): string {
    return this.#html;
  }

  /** What a handler that returns it sends. */
  toResponse(): Response {
    return html(this.#html);
  }
}

/**
 * HTML from a template: values are escaped, markup inside markup is not escaped again, lists are joined, and `null`,
 * `undefined` and booleans give nothing. Attribute values need quotes.
 *
 * @example
 * const list = markup`<ul>${names.map((name) => markup`<li title="${name}">${name}</li>`)}</ul>`;
 */
export function markup(pieces: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let text = pieces[0]!;
  for (let index = 0; index < values.length; index++) text += render(values[index]) + pieces[index + 1]!;
  return new Markup(text);
}

/** Takes text for HTML as it is. Never give it anything that came from outside. */
export function trustedMarkup(html: string): Markup {
  return new Markup(html);
}

function render(value: MarkupValue): string {
  if (typeof value === "string") return escapeHtml(value);
  if (value instanceof Markup) return value.toString();
  if (value === null || value === undefined || typeof value === "boolean") return "";
  return Array.isArray(value) ? value.map(render).join("") : escapeHtml(String(value));
}
