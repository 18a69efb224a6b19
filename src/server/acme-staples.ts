import type { Log } from "../base/log.ts";
import type { AutomaticCertificates } from "../tls/acme/automatic-certificates.ts";
import type { Subject } from "../tls/acme/subject.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { KeptStaples } from "../tls/certificates.ts";
import type { OrderedNames } from "./ordered-names.ts";

/** What responders say of certificates is kept beside them; one that was revoked is replaced. */
export function acmeStaples(automatic: AutomaticCertificates, names: OrderedNames, log: Log): KeptStaples {
  const { records } = automatic;
  const subjectOf = (certificate: Certificate): Subject | undefined =>
    names.subjectOf(certificate) ?? automatic.onDemandSubject(certificate);
  return {
    async get(certificate) {
      const subject = subjectOf(certificate);
      return subject && records.staple(subject);
    },
    async put(certificate, response) {
      const subject = subjectOf(certificate);
      if (subject !== undefined) await records.putStaple(subject, response);
    },
    onRevoked(certificate) {
      const subject = subjectOf(certificate);
      if (subject === undefined) return;
      automatic.revoked(subject.name, certificate.serial).catch((error: unknown) => {
        log.write("error", "Certificates cannot be kept", { name: subject.name, error });
      });
    },
  };
}
