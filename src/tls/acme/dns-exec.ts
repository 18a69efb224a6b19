import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AcmeError } from "./acme-error.ts";
import type { DnsProvider } from "./dns-solver.ts";

const run = promisify(execFile);

/** Milliseconds that the program may take. */
const TIMEOUT = 120_000;

/**
 * Has a program set the records: it is called as `PROGRAM … present NAME VALUE` and `PROGRAM … cleanup NAME VALUE`, without
 * a shell, and is to exit with 0. The name has a final dot, as lego's `exec` has it, so that its scripts work here too.
 *
 * @param args that stand before those
 * @example
 * const acme = { agree: true, challenge: dnsExec("/etc/millrace/dns.sh") };
 */
export function dnsExec(program: string, ...args: readonly string[]): DnsProvider {
  const call = async (what: string, name: string, value: string, signal?: AbortSignal): Promise<void> => {
    try {
      const limit = AbortSignal.any([AbortSignal.timeout(TIMEOUT), ...(signal === undefined ? [] : [signal])]);
      await run(program, [...args, what, `${name}.`, value], { signal: limit, maxBuffer: 1 << 20 });
    } catch (cause) {
      signal?.throwIfAborted();
      const { code, message, stderr = "" } = cause as Error & { readonly code?: unknown; readonly stderr?: string };
      const said = stderr.trim().split("\n").at(-1) || message;
      throw new AcmeError("ACME_DNS_HOOK", `${program} ${what} ${name} failed (${String(code)}): ${said}`, {
        hint: "Call it by hand with the same arguments; it is to exit with 0.",
        cause,
      });
    }
  };
  return {
    present: (name, value, signal) => call("present", name, value, signal),
    cleanUp: (name, value) => call("cleanup", name, value),
  };
}
