import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { issueCertificate } from "../../../src/tls/issue-certificate.ts";
import { Play, SUBJECT } from "./play.ts";

/** One whose authority offers the leaf alone, which its own root has issued, and two longer chains. */
async function offered(preferredChain?: string): Promise<Play> {
  const play = new Play(preferredChain === undefined ? {} : { preferredChain });
  const { authority } = play;
  const validity = { notBefore: play.clock.wall() - 1000, notAfter: play.clock.wall() + 86_400_000 };
  const roots = await Promise.all(
    ["Old Root", "New Root"].map((subject) => issueCertificate({ subject, names: ["root.test"], ...validity })),
  );
  authority.interfere = ({ url }) => {
    const [, place, number] = /^(.*\/certificate)(?:\/(\d))?$/.exec(url) ?? [];
    const leaf = authority.issued.get(place ?? "");
    if (leaf === undefined) return undefined;
    if (number !== undefined) return authority.answer(200, leaf + roots[Number(number)]!.cert);
    // RFC 8288 §3: several in one field; relative, and with other relations beside.
    const { pathname } = new URL(url);
    const link = `<https://authority.test/dir>;rel="index", <${pathname}/0>;rel="alternate", <${url}/1>; rel=alternate`;
    return authority.answer(200, leaf, { link });
  };
  return play;
}

/** Who has issued the last certificate of what is kept. */
async function rootOf(play: Play): Promise<string | undefined> {
  const { chain } = (await play.records.certificate(SUBJECT))!;
  const last = chain.slice(chain.lastIndexOf("-----BEGIN"));
  return /CN=(.*)/.exec(new X509Certificate(last).issuer)?.[1];
}

function downloads(play: Play): string[] {
  const asked = play.authority.requests.filter((each) => each.includes("/certificate"));
  return asked.map((each) => each.replace(/^.*\/certificate/, ""));
}

describe("Of the chains that an authority offers", () => {
  for (const [preferred, root, asked] of [
    [undefined, "Fake CA", [""]],
    ["Fake CA", "Fake CA", [""]],
    ["Old Root", "Old Root", ["", "/0"]],
    ["New Root", "New Root", ["", "/0", "/1"]],
    ["Root", "Fake CA", ["", "/0", "/1"]],
  ] as const) {
    test(`the one to ${root} is kept where ${preferred ?? "none"} is preferred, and no more are asked for`, async () => {
      const play = await offered(preferred);
      await play.obtain();
      assert.equal(await rootOf(play), root);
      assert.deepEqual(downloads(play), asked);
      const warned = play.logged.some(({ message }) => message.includes("acme.preferredChain"));
      assert.equal(warned, preferred === "Root");
    });
  }

  test("one that cannot be had, or read, keeps nobody from the others", async () => {
    for (const broken of ["problem", "text"]) {
      const play = await offered("New Root");
      const { interfere } = play.authority;
      play.authority.interfere = (request, payload) => {
        if (!request.url.endsWith("/certificate/0")) return interfere(request, payload);
        return broken === "text"
          ? play.authority.answer(200, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
          : play.authority.problem(404, "malformed", "no such chain");
      };
      await play.obtain();
      assert.equal(await rootOf(play), "New Root");
      assert.deepEqual(
        play.logged.filter(({ level }) => level === "warn").map(({ message }) => message),
        ["A chain of a certificate cannot be had"],
      );
    }
  });

  test("one that is for another key is not taken", async () => {
    const play = await offered("Other Root");
    const other = new Play();
    await other.obtain();
    const [foreign] = other.authority.issued.values();
    const { interfere } = play.authority;
    const { cert } = await issueCertificate({ subject: "Other Root", names: ["a.test"], notBefore: 0, notAfter: 1e12 });
    play.authority.interfere = (request, payload) =>
      request.url.endsWith("/certificate/1")
        ? play.authority.answer(200, foreign! + cert)
        : interfere(request, payload);
    await assert.rejects(play.obtain(), { code: "ACME_BAD_ANSWER" });
    assert.equal(await play.records.certificate(SUBJECT), undefined);
  });
});
