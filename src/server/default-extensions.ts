import { csp } from "../extensions/csp/csp.ts";
import { referrerPolicy } from "../extensions/referrer-policy/referrer-policy.ts";
import { securityFields } from "../extensions/security-fields/security-fields.ts";
import type { Extension } from "../pipeline/stages.ts";

/** What every host of a server has unless it says otherwise. See docs/decisions/0015-default-fields.md. */
export const DEFAULT_EXTENSIONS: readonly Extension[] = [securityFields(), referrerPolicy(), csp()];
