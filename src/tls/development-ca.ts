import { X509Certificate } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { MillraceError } from "../base/errors.ts";
import { Certificate } from "./certificate.ts";
import { type Issuer, issueCertificate } from "./issue-certificate.ts";

const DAY = 24 * 60 * 60 * 1000;
const ROOT_DAYS = 3650;
/** Apple takes no certificate of a server that is for more than 825 days, and none for the public of more than 398. */
const LEAF_DAYS = 90;
const RENEW_DAYS = 30;
/** Names in the certificate: those of many projects, but not for ever. */
const MOST_NAMES = 200;

/** Where the authority and the certificate are kept. */
export interface DevelopmentFiles {
  readonly folder: string;
  /** The authority's certificate, for browsers and curl. */
  readonly root: string;
  /** The authority's certificate and key: nobody else's to read. */
  readonly authority: string;
  /** The certificate for this machine and its key. */
  readonly leaf: string;
}

/** The files in the folder of this user's data: `$XDG_DATA_HOME/millrace`, or what the system has in its place. */
export function developmentFiles(): DevelopmentFiles {
  const folder = join(dataFolder(), "millrace");
  const [root, authority, leaf] = ["root.pem", "authority.pem", "localhost.pem"].map((file) => join(folder, file));
  return { folder, root: root!, authority: authority!, leaf: leaf! };
}

function dataFolder(): string {
  const { XDG_DATA_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (xdg) return xdg;
  if (process.platform === "win32" && local) return local;
  if (process.platform === "darwin") return join(homedir(), "Library/Application Support");
  return join(homedir(), ".local/share");
}

/**
 * The certificate of this machine for development: for localhost, the machine's name and its addresses, signed by an
 * authority that is made once and lives in the user's data. It is made anew 30 days before its end, and when names came.
 * No wildcard of localhost is among them, since clients take none below a name of one label.
 *
 * Whoever trusts the authority trusts everything that its key signs: it does not leave the machine, and only this user
 * can read it.
 *
 * @param hosts further names that it is to be for
 * @throws {MillraceError} `DEVELOPMENT_CERTIFICATE` when the folder cannot be written
 */
export async function developmentCertificate(
  hosts: readonly string[] = [],
  now: number = Date.now(),
): Promise<Certificate> {
  const files = developmentFiles();
  const wanted = [...machineNames(), ...hosts];
  try {
    mkdirSync(files.folder, { recursive: true, mode: 0o700 });
    const authority = await authorityOf(files, now);
    const kept = keptLeaf(files, authority);
    if (kept !== undefined && isGood(kept, wanted, now)) return kept;
    // What another project has asked for stays, so that two of them do not take turns.
    const names = [...new Set([...wanted, ...(kept?.names ?? []).map(comparable)])].slice(0, MOST_NAMES);
    return await newLeaf(files, authority, names, now);
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    const why = (cause as Error).message;
    throw new MillraceError("DEVELOPMENT_CERTIFICATE", `The certificate for development cannot be kept: ${why}.`, {
      hint: `Make ${files.folder} a folder that this user can write, set XDG_DATA_HOME, or give --cert and --key.`,
      cause,
    });
  }
}

async function authorityOf({ authority, root }: DevelopmentFiles, now: number): Promise<Issuer> {
  let pem = readIfThere(authority);
  if (pem === undefined) {
    const made = await issueCertificate({
      subject: `millrace development (${hostname()})`,
      isAuthority: true,
      notBefore: now - DAY,
      notAfter: now + ROOT_DAYS * DAY,
    });
    // Whoever links first has made it: several workers may come here at once.
    const mine = temporary(authority, made.key + made.cert);
    try {
      linkSync(mine, authority);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    pem = readFileSync(authority, "utf8");
  }
  const issuer = partsOf(pem);
  if (readIfThere(root) !== issuer.cert) renameSync(temporary(root, issuer.cert), root);
  return issuer;
}

function keptLeaf({ leaf }: DevelopmentFiles, authority: Issuer): Certificate | undefined {
  const pem = readIfThere(leaf);
  if (pem === undefined) return undefined;
  try {
    const certificate = new Certificate({ ...partsOf(pem), origin: { cert: leaf, key: leaf } });
    const isSigned = new X509Certificate(certificate.chain).verify(new X509Certificate(authority.cert).publicKey);
    return isSigned ? certificate : undefined;
  } catch {
    // What cannot be read is made anew.
    return undefined;
  }
}

function isGood({ names, notBefore, notAfter }: Certificate, wanted: readonly string[], now: number): boolean {
  const known = new Set(names.map(comparable));
  return notBefore <= now && notAfter - now > RENEW_DAYS * DAY && wanted.every((name) => known.has(comparable(name)));
}

async function newLeaf(
  { leaf }: DevelopmentFiles,
  issuer: Issuer,
  names: readonly string[],
  now: number,
): Promise<Certificate> {
  const [notBefore, notAfter] = [now - DAY, now + LEAF_DAYS * DAY];
  const made = await issueCertificate({ subject: "localhost", names, issuer, notBefore, notAfter });
  renameSync(temporary(leaf, made.key + made.cert), leaf);
  return new Certificate({ ...made, origin: { cert: leaf, key: leaf } });
}

/** What browsers on this machine and in its network call it. */
function machineNames(): string[] {
  const name = hostname().toLowerCase();
  const isName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/.test(name);
  const own = !isName || name === "localhost" ? [] : name.includes(".") ? [name] : [name, `${name}.local`];
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80"))
    .map(({ address }) => address);
  return ["localhost", ...own, "127.0.0.1", "::1", ...addresses];
}

/** Node writes all eight groups of an IPv6 address: as a URL has them they are the same again. */
function comparable(name: string): string {
  return name.includes(":") ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}

function partsOf(pem: string): Issuer {
  const end = pem.indexOf("-----BEGIN CERTIFICATE-----");
  return { key: pem.slice(0, end), cert: pem.slice(end) };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A file beside another, whole and this user's alone, to take its place at once. */
function temporary(path: string, text: string): string {
  const file = `${path}.${process.pid}.tmp`;
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
