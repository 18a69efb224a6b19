import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { descriptors } from "./descriptors.ts";
import { growth } from "./growth.ts";
import { handshakes } from "./handshakes.ts";
import { http2Floods } from "./http2-floods.ts";
import { http2Holds } from "./http2-holds.ts";
import { idle } from "./idle.ts";
import { malformed } from "./malformed.ts";
import { resets } from "./resets.ts";
import { describeFigure, holds, type Scenario, Stage } from "./scenario.ts";
import { slowReaders } from "./slow-readers.ts";
import { slowloris } from "./slowloris.ts";

// The scenarios in small numbers; `node test/robustness/run.ts` plays them in full.
describe("Robustness", () => {
  const play = async (scenario: Scenario): Promise<void> => {
    const stage = new Stage();
    try {
      const figures = await scenario.run(stage, "light");
      assert.deepEqual(figures.filter((figure) => !holds(figure)).map(describeFigure), []);
    } finally {
      await stage.end();
    }
  };

  test("Dripping clients are dropped and good ones served meanwhile", () => play(slowloris));
  test("Idle connections stay open", () => play(idle));
  test("Slow readers of a large file do not grow the server", () => play(slowReaders));
  test("More clients than file descriptors are survived", () => play(descriptors));
  test("Malformed requests beside good ones neither crash nor grow the server", () => play(malformed));
  test("Many requests leave no growth", () => play(growth));
  test("Connections broken off at any octet leave no handle", () => play(resets));
  test("Floods of HTTP/2 are told to calm down, and good clients served meanwhile", () => play(http2Floods));
  test("What clients of HTTP/2 hold is bounded, and they are gone when their time is over", () => play(http2Holds));
  test("Handshakes that stand still or come in floods keep nobody else from the server", () => play(handshakes));
});
