import type { SecureContextOptions, TLSSocket } from "node:tls";

/** What every client of the rows over TLS offers, and nothing else, so that all servers do the same arithmetic. */
export const AGREED = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", group: "X25519" } as const;

/** For the reader of a table. */
export const AGREED_NOTE = `${Object.values(AGREED).join(", ")}, a certificate of ECDSA P-256 without a chain`;

/** What a client in Node passes on to `node:tls`. */
export const CLIENT_OPTIONS: SecureContextOptions = {
  minVersion: AGREED.version,
  maxVersion: AGREED.version,
  ciphers: AGREED.cipher,
  ecdhCurve: AGREED.group,
};

/** The configuration of OpenSSL that has its programs offer the same. */
export const OPENSSL_CONF = `openssl_conf = all
[all]
ssl_conf = modules
[modules]
system_default = offered
[offered]
MinProtocol = ${AGREED.version}
MaxProtocol = ${AGREED.version}
Ciphersuites = ${AGREED.cipher}
Groups = ${AGREED.group}
`;

/** Says what a handshake has come to that it should not have; undefined when it is a full one with what all agree on. */
export function disagreement(socket: TLSSocket, certificate: Buffer): string | undefined {
  const { version, cipher, group } = AGREED;
  const spoken = socket.getProtocol();
  if (spoken !== version) return `speaks ${spoken}`;
  const { name } = socket.getCipher();
  if (name !== cipher) return `chose ${name}`;
  if (socket.isSessionReused()) return "resumed a session";
  const key = socket.getEphemeralKeyInfo();
  const agreedGroup = key !== null && "name" in key ? key.name : "no group";
  if (agreedGroup !== group) return `chose ${agreedGroup}`;
  return socket.getPeerX509Certificate()?.raw.equals(certificate) ? undefined : "showed another certificate";
}
