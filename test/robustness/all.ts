import { descriptors } from "./descriptors.ts";
import { growth } from "./growth.ts";
import { handshakes } from "./handshakes.ts";
import { http2Floods } from "./http2-floods.ts";
import { http2Holds } from "./http2-holds.ts";
import { idle } from "./idle.ts";
import { malformed } from "./malformed.ts";
import { resets } from "./resets.ts";
import type { Scenario } from "./scenario.ts";
import { slowReaders } from "./slow-readers.ts";
import { slowloris } from "./slowloris.ts";

export const SCENARIOS: readonly Scenario[] = [
  slowloris,
  idle,
  slowReaders,
  descriptors,
  malformed,
  growth,
  resets,
  http2Floods,
  http2Holds,
  handshakes,
];
