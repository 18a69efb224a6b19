import { directoryUrl, KNOWN_DIRECTORIES } from "./acme-options.ts";
import { folderOf } from "./certificate-records.ts";
import { OnDemandCertificates, type OnDemandInit } from "./on-demand.ts";
import { ON_DEMAND_LIMITS, type OnDemandLimits, type OnDemandOptions } from "./on-demand-options.ts";
import { OrderBudget } from "./order-budget.ts";
import { pauseOn } from "./pause.ts";
import { Permissions } from "./permissions.ts";
import type { CertificateStorage } from "./storage.ts";

/** What certificates on demand share with the others. */
export type OnDemandParts = Pick<OnDemandInit, "issuer" | "records" | "serves" | "onOrdered" | "clock" | "log"> & {
  readonly storage: CertificateStorage;
};

/** Certificates on demand, as the options say. @param directory as the option says too */
export function onDemandOf(
  options: OnDemandOptions,
  directory: string = KNOWN_DIRECTORIES[0]!,
  parts: OnDemandParts,
): OnDemandCertificates {
  const { storage, clock, log } = parts;
  const limits = limitsOf(options);
  const pause = pauseOn(clock);
  // What an authority allows is counted for each by itself.
  const key = `budgets/${folderOf(directoryUrl(directory))}`;
  return new OnDemandCertificates({
    ...parts,
    permissions: new Permissions({ ask: (name, demand) => options.ask(name, demand), limits, clock, log }),
    budget: new OrderBudget({ storage, key, perHour: limits.ordersPerHour, clock, pause }),
    maxNames: limits.maxNames,
    isPublic: KNOWN_DIRECTORIES.includes(directory),
    pause,
  });
}

function limitsOf(options: OnDemandOptions): OnDemandLimits {
  const {
    timeout = ON_DEMAND_LIMITS.timeout,
    remember = ON_DEMAND_LIMITS.remember,
    ordersPerHour = ON_DEMAND_LIMITS.ordersPerHour,
    maxNames = ON_DEMAND_LIMITS.maxNames,
  } = options;
  return { timeout, remember, ordersPerHour, maxNames };
}
