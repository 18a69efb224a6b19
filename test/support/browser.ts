import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const ARGS = [
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking",
  "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required",
].flatMap((line) => line.split(" "));

/** Starts the Chromium of this machine. @param more further flags */
export function startBrowser(...more: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: findBrowser(), args: [...ARGS, ...more] });
}

function findBrowser(): string {
  const found = ["chromium", "chromium-browser", "google-chrome"]
    .flatMap((name) => (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  assert.ok(found, "Chromium is needed: npm test installs it");
  return found;
}
