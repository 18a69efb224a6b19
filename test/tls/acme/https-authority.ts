import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { AcmeRequest } from "../../../src/tls/acme/acme-transport.ts";
import { issueCertificate } from "../../../src/tls/issue-certificate.ts";
import { FakeAuthority, type FakeAuthorityInit } from "./fake-authority.ts";

/** A {@link FakeAuthority} that is spoken to by HTTPS. */
export interface HttpsAuthority extends AsyncDisposable {
  readonly fake: FakeAuthority;
  readonly directory: string;
  /** PEM: what it is trusted by. */
  readonly authority: string;
}

export async function httpsAuthority(init: FakeAuthorityInit): Promise<HttpsAuthority> {
  const fake = new FakeAuthority(init);
  const now = Date.now();
  const validity = { notBefore: now - 60_000, notAfter: now + 3_600_000 };
  const issued = await issueCertificate({ subject: "Authority", names: ["localhost"], ...validity });
  const signal = new AbortController().signal;
  const server = createServer(issued, (request, response) => {
    void request.toArray().then(async (chunks: Buffer[]) => {
      const method = request.method as AcmeRequest["method"];
      const body = method === "POST" ? Buffer.concat(chunks).toString() : undefined;
      const answer = await fake.transport({ method, url: `${fake.base}${request.url}`, body }, signal);
      for (const name of ["replay-nonce", "content-type", "location", "retry-after"]) {
        const value = answer.field(name);
        if (value !== undefined) response.setHeader(name, value);
      }
      response.writeHead(answer.status).end(answer.body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  fake.base = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    fake,
    directory: `${fake.base}/dir`,
    authority: issued.cert,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
