import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { developmentCertificate, type DevelopmentFiles, developmentFiles } from "../tls/development-ca.ts";
import type { Arguments } from "./arguments.ts";
import { columns } from "./columns.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace cert` */
export const cert: Command = {
  name: "cert",
  usage: "show|trust [--json]",
  flags: ["json"],
  description:
    "The certificates for development that --tls speaks with. show: whom they are for and when they expire. trust: makes\n" +
    "them if they are not there, and tells how this system's programs come to trust them. It changes nothing itself.\n" +
    "The certificates of a server that runs are told by millrace status.",
  async run([what = "show", ...rest], args) {
    if (rest.length === 0 && what === "show") return show(args);
    if (rest.length === 0 && what === "trust") return trust(args);
    throw new UsageError('It is "millrace cert show" or "millrace cert trust".');
  },
};

interface Shown {
  readonly file: string;
  readonly names: string;
  readonly expires: Date;
  readonly fingerprint256: string;
}

function show(args: Arguments): number | void {
  const { root, leaf } = developmentFiles();
  const shown = [root, leaf].filter((file) => existsSync(file)).map(shownOf);
  if (args.is("json") === true) return void process.stdout.write(`${JSON.stringify(shown)}\n`);
  if (shown.length === 0) {
    process.stderr.write("millrace: there are none yet, --tls makes them.\n");
    return 1;
  }
  const rows = shown.map(({ file, names, expires }) => [file, names, expires.toISOString().slice(0, 10)]);
  process.stdout.write(columns([["certificate", "for", "expires"], ...rows]));
}

function shownOf(file: string): Shown {
  const { subject, subjectAltName, validTo, fingerprint256 } = new X509Certificate(readFileSync(file));
  const names = (subjectAltName ?? subject.replace("CN=", "")).replaceAll(/(?:DNS|IP Address):/g, "");
  return { file, names, expires: new Date(validTo), fingerprint256 };
}

async function trust(args: Arguments): Promise<void> {
  await developmentCertificate();
  const files = developmentFiles();
  if (args.is("json") === true) return void process.stdout.write(`${JSON.stringify(shownOf(files.root))}\n`);
  process.stdout.write(advice(files, process.platform));
}

/** Commands for the stores of a system, and for what has a store of its own. */
function advice({ root, authority }: DevelopmentFiles, platform: NodeJS.Platform): string {
  const quoted = `'${root.replaceAll("'", "'\\''")}'`;
  const rows = [...(SYSTEMS[platform] ?? SYSTEMS.linux)(quoted), ...EVERYWHERE(quoted)];
  return (
    `The authority for development is ${root}\n\n${columns(rows.map(([who, command]) => [`  ${who}`, command]))}\n` +
    `Whoever trusts it believes everything that ${authority} signs: keep that file to yourself.\n`
  );
}

type Rows = (root: string) => readonly (readonly [who: string, command: string])[];

const SYSTEMS: Partial<Record<NodeJS.Platform, Rows>> & { readonly linux: Rows } = {
  darwin: (root) => [
    ["this user", `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${root}`],
  ],
  win32: (root) => [["this user", `certutil -user -addstore Root ${root.replaceAll("'", '"')}`]],
  linux: (root) => [
    [
      "Debian, Ubuntu",
      `sudo install -m 644 ${root} /usr/local/share/ca-certificates/millrace.crt && sudo update-ca-certificates`,
    ],
    [
      "Fedora, RHEL",
      `sudo install -m 644 ${root} /etc/pki/ca-trust/source/anchors/millrace.pem && sudo update-ca-trust`,
    ],
    ["Arch", `sudo trust anchor ${root}`],
    ["Chromium", `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n millrace -i ${root}`],
  ],
};

const EVERYWHERE: Rows = (root) => [
  ["Firefox", "Settings, Certificates, Authorities, Import"],
  ["curl", `curl --cacert ${root}`],
  ["Node", `NODE_EXTRA_CA_CERTS=${root}`],
];
