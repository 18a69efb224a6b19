import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Client, ClientTable } from "../../../src/extensions/limiter/client-table.ts";

function add(table: ClientTable, key: string, now: number, whole: number): Client {
  const client = table.get(key, now);
  client.whole = whole;
  return client;
}

describe("A table of clients", () => {
  test("gives the same client for the same key", () => {
    const table = new ClientTable(100);
    const clients = Array.from({ length: 50 }, (_, index) => add(table, `client ${index}`, 0, 1000));
    for (const [index, client] of clients.entries()) assert.equal(table.get(`client ${index}`, 0), client);
    for (const key of ["a key of some length, ¾ and 字", "a lone \ud800 surrogate, also long"]) {
      assert.equal(add(table, key, 0, 1000), table.get(key, 0));
    }
    assert.equal(table.size, 52);
  });

  test("has no more than it has room for, whoever comes", () => {
    const table = new ClientTable(1000);
    for (let index = 0; index < 20_000; index++) {
      add(table, `client ${index}`, index, index + 1e9);
      assert.ok(table.size <= 1000);
    }
    assert.equal(table.size, 1000);
  });

  test("forgets first those whose allowance is whole, once it needs room", () => {
    const table = new ClientTable(1000);
    const busy = Array.from({ length: 100 }, (_, index) => add(table, `busy ${index}`, 0, 1000));
    for (let index = 0; index < 900; index++) add(table, `idle ${index}`, 0, 100);
    for (let index = 0; index < 100; index++) add(table, `late ${index}`, 200, 2000);
    for (const [index, client] of busy.entries()) assert.equal(table.get(`busy ${index}`, 200), client);
    assert.ok(table.size <= 1000);
  });

  test("keeps who is deep in debt while a flood of others comes", () => {
    const table = new ClientTable(1000);
    const abusers = Array.from({ length: 50 }, (_, index) => add(table, `abuser ${index}`, 0, 60_000));
    for (let index = 0; index < 100_000; index++) add(table, `flood ${index}`, 0, 600);
    for (const [index, abuser] of abusers.entries()) assert.equal(table.get(`abuser ${index}`, 0), abuser);
  });

  test("keeps who was refused a lot, too", () => {
    const table = new ClientTable(100);
    const abuser = add(table, "abuser", 0, 1);
    abuser.forgiven = 60_000;
    for (let index = 0; index < 10_000; index++) add(table, `flood ${index}`, 10, 600);
    assert.equal(table.get("abuser", 10), abuser);
  });

  test("works with room for one", () => {
    const table = new ClientTable(1);
    add(table, "a", 0, 1000);
    const other = add(table, "b", 0, 1000);
    assert.equal(table.get("b", 0), other);
    assert.equal(table.size, 1);
  });
});
