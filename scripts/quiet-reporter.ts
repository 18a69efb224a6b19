import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

/** For logs: a line for each file, every failure where it happens, and Node's totals at the end. */
export async function* quietReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    switch (type) {
      case "test:fail": {
        const { failureType, cause } = data.details.error as { failureType?: string; cause?: unknown };
        // A parent repeats the failure of its child.
        if (failureType === "subtestsFailed") break;
        const place = data.file === undefined ? "" : ` (${relative("", data.file)}:${data.line}:${data.column})`;
        yield `✖ ${data.name}${place}\n${inspect(cause ?? data.details.error)}\n`;
        break;
      }
      case "test:summary": {
        if (data.file === undefined) break;
        const { tests, skipped } = data.counts;
        const seconds = (data.duration_ms / 1000).toFixed(1);
        const note = skipped > 0 ? `, ${skipped} skipped` : "";
        yield `${data.success ? "✔" : "✖"} ${relative("", data.file)} (${tests} tests${note}, ${seconds} s)\n`;
        break;
      }
      case "test:stdout":
      case "test:stderr":
        yield data.message;
        break;
      case "test:diagnostic":
        yield `ℹ ${data.message}\n`;
        break;
      default:
    }
  }
}

// Node takes a reporter from a module's default export.
export { quietReporter as default };
