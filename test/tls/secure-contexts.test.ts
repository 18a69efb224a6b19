import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, describe, test } from "node:test";
import { connect, type SecureContext, TLSSocket } from "node:tls";
import { isPromise } from "../../src/base/maybe-promise.ts";
import { HostMap } from "../../src/fields/host-pattern.ts";
import { Certificate } from "../../src/tls/certificate.ts";
import { Certificates } from "../../src/tls/certificates.ts";
import type { ClientHello } from "../../src/tls/client-hello.ts";
import type { ClientPolicy } from "../../src/tls/client-policy.ts";
import { type Chosen, SecureContexts } from "../../src/tls/secure-contexts.ts";
import { OcspAuthority } from "../support/ocsp-authority.ts";

const authority = new OcspAuthority();
after(() => authority[Symbol.asyncDispose]());
const [ec, rsa] = (["ec", "rsa"] as const).map((kind) => {
  const { chain: cert, key } = authority.issue({ kind, responder: null });
  return new Certificate({ cert, key });
}) as [Certificate, Certificate];

/** A client that asks for the status, and says that it knows signatures of these numbers. */
function hello(...signatures: number[]): ClientHello {
  const abilities = { versions: [0x0304], suites: [], groups: [], signatures };
  return { name: "localhost", protocols: [], ticket: "", abilities };
}

const ECDSA = 0x0403;
const RSA = 0x0804;

function contextsFor(...stapled: Certificate[]): (hello: ClientHello) => Chosen {
  const certificates = new Certificates();
  certificates.set("localhost", rsa, ec);
  const contexts = new SecureContexts({
    certificates,
    policies: new HostMap<ClientPolicy>(),
    secrets: { current: Buffer.alloc(48, 1), previous: undefined },
    stapleOf: (each) => (stapled.includes(each) ? Buffer.from(each.keyType) : undefined),
  });
  return (asked) => {
    const chosen = contexts.choose(asked, "");
    assert.ok(chosen !== undefined && !isPromise(chosen));
    return chosen;
  };
}

/** The serial number of what is shown with a context to a client that knows these signatures. */
async function shownTo(secureContext: SecureContext, sigalgs: string): Promise<string | undefined> {
  const server = createServer((socket) => {
    new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", sigalgs, rejectUnauthorized: false });
  const seen = await once(socket, "secureConnect").then(
    () => socket.getPeerCertificate().serialNumber,
    () => undefined,
  );
  socket.destroy();
  server.close();
  return seen;
}

const BOTH = "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256";

describe("The context of several certificates", () => {
  test("has the one alone that is stapled, so that no other can be shown with its staple", async () => {
    const choose = contextsFor(ec, rsa);
    const { context, staple } = choose(hello(RSA));
    assert.equal(String(staple), "rsa");
    assert.equal(await shownTo(context, BOTH), new X509Certificate(rsa.chain).serialNumber);
    assert.equal(choose(hello(RSA)).context, context, "it is made once");
    assert.equal(String(choose(hello(RSA, ECDSA)).staple), "ec");
  });

  test("has all of them where nothing is stapled", async () => {
    const whole = contextsFor(rsa);
    const { context, staple } = whole(hello(RSA, ECDSA));
    assert.equal(staple, undefined);
    const serials = [rsa, ec].map(({ chain }) => new X509Certificate(chain).serialNumber);
    const shown = [await shownTo(context, "rsa_pss_rsae_sha256"), await shownTo(context, BOTH)];
    assert.deepEqual(shown, serials);
    for (const other of [hello(), { ...hello(), abilities: undefined }]) assert.equal(whole(other).context, context);
    assert.notEqual(whole(hello(RSA)).context, context);
  });
});
