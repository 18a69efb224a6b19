import { aborts } from "./aborts.ts";
import { cached } from "./cached.ts";
import { compressed } from "./compressed.ts";
import { fileRequests } from "./file-requests.ts";
import { halfCloses } from "./half-closes.ts";
import { json } from "./json.ts";
import { malformed } from "./malformed.ts";
import { routes } from "./routes.ts";
import { slowReaders } from "./slow-readers.ts";
import { streams } from "./streams.ts";
import type { Traffic } from "./traffic.ts";
import { upgrades } from "./upgrades.ts";
import { uploads } from "./uploads.ts";

/** All that goes on at once. Whoever teaches the server something new adds what clients do with it. */
export const TRAFFIC: readonly Traffic[] = [
  routes,
  json,
  fileRequests,
  uploads,
  streams,
  cached,
  compressed,
  upgrades,
  aborts,
  halfCloses,
  slowReaders,
  malformed,
];
