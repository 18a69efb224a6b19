// Run by accept-limits.test.ts with few descriptors: prints its port, then what it could not accept.

import { AcceptLimits } from "../../src/transport/accept-limits.ts";
import { listen } from "../../src/transport/tcp.ts";
import { welcome } from "./welcome.ts";

const limits = process.argv[2] === "with limits" ? new AcceptLimits() : undefined;
const listener = await listen({ host: "127.0.0.1", port: 0 }, welcome, {
  limits,
  onError: (error) => console.log(`error ${error.message}`),
});
if (listener.address.kind === "tcp") console.log(listener.address.port);
