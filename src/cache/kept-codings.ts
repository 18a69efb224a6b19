import type { MaybePromise } from "../base/maybe-promise.ts";
import { isPromise } from "../base/maybe-promise.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import type { Representation } from "../http/representation.ts";
import type { Coding } from "./coding-choice.ts";
import type { Coded } from "./coding-fields.ts";

/** What coded content is kept with. */
type Owner = Representation | KeptResponse;

/** Codings under way: however many requests come, content is coded once. */
const underWay = new WeakMap<Owner, Map<string, Promise<Uint8Array | null | undefined>>>();

/** Codings that became no smaller, or that there was no room for. */
const givenUp = new WeakMap<Owner, Set<string>>();

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
export function isKeepable(representation: Representation | undefined, owner: Owner, key: string): boolean {
  return givenUp.get(owner)?.has(key) !== true && representation?.grow(0) !== false;
}

/**
 * Content in a coding, made once and kept.
 *
 * @param key the coding, and what else tells it from others of this content
 * @param code codes the content; undefined when there is too much to do
 * @returns null when it is no smaller, undefined when it is better sent as it is for now
 */
export function keptCoding(
  representation: Representation | undefined,
  owner: Owner,
  key: string,
  octets: Uint8Array,
  code: () => Promise<Uint8Array | undefined>,
): MaybePromise<Uint8Array | null | undefined> {
  const made = representation?.codings.get(key);
  if (made !== undefined) return made;
  let codings = underWay.get(owner);
  if (codings === undefined) underWay.set(owner, (codings = new Map()));
  let coded = codings.get(key);
  if (coded === undefined) {
    const all = codings;
    coded = make(representation, owner, key, octets.length, code).finally(() => all.delete(key));
    codings.set(key, coded);
  }
  return coded;
}

async function make(
  representation: Representation | undefined,
  owner: Owner,
  key: string,
  length: number,
  code: () => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | null | undefined> {
  const coded = await code();
  if (coded === undefined) return undefined;
  const isSmaller = coded.length < length;
  if (isSmaller && representation?.grow(coded.length) !== false) representation?.codings.set(key, coded);
  else giveUp(owner, key);
  return isSmaller ? coded : null;
}

function giveUp(owner: Owner, key: string): void {
  const keys = givenUp.get(owner);
  if (keys === undefined) givenUp.set(owner, new Set([key]));
  else keys.add(key);
}
