import { isPublicName } from "./subject.ts";

/** RFC 5890 §2.3.1: letters, digits and hyphens, no hyphen at an end, 63 octets at most. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1035 §2.3.4: 255 octets, two of which are not of the text. */
const LONGEST = 253;

/**
 * Whether a certificate could be ordered for a name that a client has sent, whoever would have to agree: a whole name of
 * DNS, which becomes part of paths too.
 *
 * @param name in lower case
 * @param isPublic whether the authority is a public one, that knows no names such as `db.internal`
 */
export function isDemandableName(name: string, isPublic: boolean): boolean {
  if (name.length > LONGEST || (isPublic ? !isPublicName(name) : name === "localhost")) return false;
  const labels = name.split(".");
  // No top-level domain begins with a digit; what does so is an address that was written in another way.
  return labels.every((label) => LABEL.test(label)) && !/^[0-9]/.test(labels.at(-1)!);
}
