import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import * as asn1 from "asn1js";
import * as pki from "pkijs";
import { exchange } from "../../support/raw-exchange.ts";

/** Looks by plain HTTP as an authority does. @returns the content of a 200 (OK) */
export async function lookByHttp(port: number, name: string, token: string): Promise<string | undefined> {
  const request = `GET /.well-known/acme-challenge/${token} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`;
  const { responses } = await exchange(port, [request], { enough: 1, patience: 10_000 });
  const [response] = responses;
  return response?.status === 200 ? response.body : undefined;
}

/** Looks in a handshake. RFC 8737 §3. @returns the digest that the certificate shows */
export async function lookByTls(port: number, name: string): Promise<string | undefined> {
  const options = {
    port,
    host: "127.0.0.1",
    servername: name,
    ALPNProtocols: ["acme-tls/1"],
    rejectUnauthorized: false,
  };
  const socket = connect(options);
  try {
    await once(socket, "secureConnect");
    const { raw } = socket.getPeerCertificate();
    if (socket.alpnProtocol !== "acme-tls/1" || new X509Certificate(raw).subjectAltName !== `DNS:${name}`)
      return undefined;
    const certificate = pki.Certificate.fromBER(new Uint8Array(raw).buffer);
    const extension = certificate.extensions?.find(({ extnID }) => extnID === "1.3.6.1.5.5.7.1.31");
    if (extension?.critical !== true) return undefined;
    const { result } = asn1.fromBER(extension.extnValue.valueBlock.valueHexView.slice().buffer);
    return Buffer.from((result as asn1.OctetString).valueBlock.valueHexView).toString("base64url");
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
