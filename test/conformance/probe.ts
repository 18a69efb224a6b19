import { type Exchanged, exchange, inParallel } from "../support/raw-exchange.ts";
import { type Outcome, PROBE_CASES, type ProbeCase } from "./probe-cases.ts";

/** A case that did not come out as it must. */
export interface ProbeFailure {
  readonly id: string;
  readonly rfc: string;
  readonly got: string;
}

/** Plays all cases against a server on a port of this machine that keeps to the contract of `probe-server.ts`. */
export async function playProbe(port: number): Promise<ProbeFailure[]> {
  const failures = await inParallel(PROBE_CASES, async (probe) => {
    const seen = await play(port, probe);
    return judge(probe.outcome, seen) ? undefined : { id: probe.id, rfc: probe.rfc, got: summary(seen) };
  });
  return failures.filter((failure) => failure !== undefined);
}

function play(port: number, { send, method, outcome }: ProbeCase): Promise<Exchanged> {
  // Where silence is an answer it need not be long.
  const patience = outcome.kind === "awaited" ? 200 : 1000;
  return exchange(port, send, { enough: 1, isHead: method === "HEAD", patience });
}

function judge(outcome: Outcome, { responses, closed, malformed }: Exchanged): boolean {
  const [first] = responses;
  if (malformed !== undefined || responses.length > 1) return false;
  const isServed = first !== undefined && first.status >= 200 && first.status < 300;
  switch (outcome.kind) {
    case "refused":
      return first === undefined ? outcome.orClose && closed : outcome.statuses.includes(first.status);
    case "served":
      if (!isServed || (outcome.content !== undefined && first.body !== outcome.content)) return false;
      return outcome.closes !== true || closed;
    case "awaited":
      return !isServed;
    case "kept":
      if (first === undefined) return closed;
      return first.status !== 101 && (outcome.interim !== false || first.interim.length === 0);
    case "settled":
      return first?.status === 400 || closed;
    default: {
      if (first === undefined || (outcome.on !== undefined && first.status !== outcome.on)) return false;
      const has = (name: string): boolean => first.field(name) !== undefined;
      return outcome.present === undefined ? !has(outcome.absent!) : has(outcome.present);
    }
  }
}

function summary({ responses, closed, malformed }: Exchanged): string {
  const answers = responses.map(({ status, body }) => `${status} ${JSON.stringify(body.slice(0, 60))}`).join(", ");
  return `${malformed ?? (answers || "no answer")}, ${closed ? "closed" : "open"}`;
}
