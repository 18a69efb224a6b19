import type { Row } from "../row.ts";
import { coalescingRow } from "./coalescing.ts";
import { handshakesRow } from "./handshakes.ts";
import { http2Rows } from "./http2.ts";
import { latencyRow } from "./latency.ts";
import { loadRow } from "./load-row.ts";
import { loadSpecs } from "./loads.ts";
import { memoryRows } from "./memory.ts";
import { routesRow } from "./routes.ts";
import { startRow } from "./start.ts";
import { typesRow } from "./types.ts";

/** Every row, in the order of the report. */
export function allRows(): Row[] {
  return [
    ...loadSpecs().map(loadRow),
    handshakesRow(),
    ...http2Rows(),
    coalescingRow(),
    routesRow(),
    latencyRow(),
    ...memoryRows(),
    startRow(),
    typesRow(),
  ];
}
