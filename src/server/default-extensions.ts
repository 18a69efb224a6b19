import { allowIps } from "../extensions/allow-ips/allow-ips.ts";
import { cacheDirective } from "../extensions/cache-directive/cache-directive.ts";
import { csp } from "../extensions/csp/csp.ts";
import { download } from "../extensions/download/download.ts";
import { errorPages } from "../extensions/error-pages/error-pages.ts";
import { hide } from "../extensions/hide/hide.ts";
import { markdown } from "../extensions/markdown/markdown.ts";
import { nonce } from "../extensions/nonce/nonce.ts";
import { referrerPolicy } from "../extensions/referrer-policy/referrer-policy.ts";
import { securityFields } from "../extensions/security-fields/security-fields.ts";
import { templates } from "../extensions/templates/templates.ts";
import type { Extension } from "../pipeline/stages.ts";

/** What every host of a server has unless it says otherwise. See docs/decisions/0015-default-fields.md. */
export const DEFAULT_EXTENSIONS: readonly Extension[] = [
  securityFields(),
  referrerPolicy(),
  csp(),
  // What a file's first line asks for, and nothing that it does not: no ending of a name means anything yet.
  templates({ endings: [] }),
  markdown({ endings: [] }),
  nonce(),
  cacheDirective(),
  hide(),
  allowIps(),
  download(),
  errorPages(),
];
