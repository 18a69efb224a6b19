import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { faultOfTlsOptions } from "../../src/tls/check-tls-options.ts";

describe("Options of TLS", () => {
  test("are looked over", () => {
    const pair = { cert: "cert.pem", key: "key.pem" };
    for (const [options, fault] of [
      [{ certs: [] }, "There is no option tls.certs."],
      [{ cert: "" }, "tls.cert is to be a path or PEM text, got an empty text."],
      [{ cert: "cert.pem" }, "tls has cert without key."],
      [{ key: "key.pem" }, "tls has key without cert."],
      [{ ...pair, passphrase: 1 }, "tls.passphrase is to be a path or PEM text, got a value of type number."],
      [{ certificates: [{ cert: "a" }] }, /^tls\.certificates is to be a list of \{ cert, key \}/],
      [{ clientCertificate: "yes" }, /^tls\.clientCertificate is to be "none" or "request" or "require"/],
      [{ clientCertificate: "require" }, /asks for certificates that nobody has signed: give tls\.ca\.$/],
      [{ ca: [1] }, /^tls\.ca is to be a path or PEM text, or a list/],
      [{ minVersion: "TLSv1.1" }, 'tls.minVersion is to be "TLSv1.2" or "TLSv1.3", got "TLSv1.1".'],
      [{ stapling: "off" }, 'tls.stapling is to be true or false, got "off".'],
    ] as const) {
      const found = faultOfTlsOptions(options, "tls", false) ?? "";
      if (typeof fault === "string") assert.equal(found, fault);
      else assert.match(found, fault);
    }
    const whole = { ...pair, certificates: [pair], clientCertificate: "require", ca: "ca.pem" };
    assert.equal(faultOfTlsOptions({ ...whole, minVersion: "TLSv1.3", stapling: false }, "tls", false), undefined);
    assert.equal(faultOfTlsOptions({ ...whole, passphrase: undefined }, "tls", true), undefined);
  });

  test("of a host have not what is the server's", () => {
    for (const options of [{ minVersion: "TLSv1.3" }, { stapling: true }]) {
      const [name] = Object.keys(options);
      assert.equal(faultOfTlsOptions(options, "tls", true), `There is no option tls.${name}.`);
    }
  });
});
