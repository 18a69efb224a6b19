import type { MaybePromise } from "../base/maybe-promise.ts";
import { isPromise } from "../base/maybe-promise.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import type { Representation } from "../http/representation.ts";
import type { Coding } from "./coding-choice.ts";
import type { Coded } from "./coding-fields.ts";
import { codeWell } from "./coding-octets.ts";

/** What coded content is kept with. */
type Owner = Representation | KeptResponse;

/** Codings under way: however many requests come, content is coded once. */
const underWay = new WeakMap<Owner, Map<Coding, Promise<Uint8Array | undefined>>>();

/** Codings that became no smaller, or that there was no room for. */
const givenUp = new WeakMap<Owner, Set<Coding>>();

/** Content that was coded before it came here, such as `page.html.br`: the first of the codings that there is. */
export function precoded(
  representation: Representation,
  codings: readonly Coding[],
  from = 0,
): MaybePromise<Coded | undefined> {
  for (let index = from; index < codings.length; index++) {
    const coding = codings[index]!;
    const content = representation.precoded?.(coding);
    if (content === undefined || content === null) continue;
    if (!isPromise(content)) return { coding, content, form: formOf(content) };
    // What cannot be read is as good as not there: the content as it is is at hand.
    return content
      .catch(() => undefined)
      .then((later) =>
        later === undefined || later === null
          ? precoded(representation, codings, index + 1)
          : { coding, content: later, form: formOf(later) },
      );
  }
  return undefined;
}

/** Whoever made it may make it anew, and better: it is told from what is made here by its length. */
function formOf(content: { readonly length?: unknown } | string | object): string {
  const { length } = content as { readonly length?: number };
  return `z${(length ?? 0).toString(36)}`;
}

/** Whether content in a coding would be kept, so that it is worth some time. */
export function isKeepable(representation: Representation | undefined, owner: Owner, coding: Coding): boolean {
  return givenUp.get(owner)?.has(coding) !== true && representation?.grow(0) !== false;
}

/**
 * Content in a coding, made once and kept.
 *
 * @param octets gives the content as it is
 * @returns undefined when it is better sent as it is: now, or ever
 */
export function keptCoding(
  representation: Representation | undefined,
  owner: Owner,
  coding: Coding,
  octets: () => Uint8Array,
): MaybePromise<Uint8Array | undefined> {
  const made = representation?.codings.get(coding);
  if (made !== undefined) return made;
  let codings = underWay.get(owner);
  if (codings === undefined) underWay.set(owner, (codings = new Map()));
  let coded = codings.get(coding);
  if (coded === undefined) {
    const all = codings;
    coded = make(representation, owner, coding, octets()).finally(() => all.delete(coding));
    codings.set(coding, coded);
  }
  return coded;
}

async function make(
  representation: Representation | undefined,
  owner: Owner,
  coding: Coding,
  octets: Uint8Array,
): Promise<Uint8Array | undefined> {
  const coded = await codeWell(octets, coding);
  if (coded === undefined) return undefined;
  const isSmaller = coded.length < octets.length;
  if (isSmaller && representation?.grow(coded.length) !== false) representation?.codings.set(coding, coded);
  else giveUp(owner, coding);
  return isSmaller ? coded : undefined;
}

function giveUp(owner: Owner, coding: Coding): void {
  const codings = givenUp.get(owner);
  if (codings === undefined) givenUp.set(owner, new Set([coding]));
  else codings.add(coding);
}
