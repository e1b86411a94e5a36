import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf, type Written } from "../../../testing/model/orders.ts";
import { tellUnservable } from "./kept-listeners.ts";

function listener(port: number, options: object): Written {
  return ["ADD_LISTENER", { address: `127.0.0.1:${port}`, protocol: "https", ...options }];
}

test("a kept listener whose ciphers or groups are refused by now is named, with what to do", () => {
  const state = stateOf(
    listener(1, { cipher_list: "NONSENSE" }),
    listener(2, { groups: ["X25519", "none-such"] }),
    listener(3, { cipher_list: "ECDHE+AESGCM", groups: ["X25519"] }),
    listener(4, {}),
  );
  const lines: unknown[] = [];
  tellUnservable(state.listeners.values(), { error: (_, details) => void lines.push(details) });
  assert.deepEqual(lines, [
    {
      address: "127.0.0.1:1",
      fault: "data.cipher_list names NONSENSE, by which OpenSSL has no cipher for TLS 1.2 here",
      remedy: "kakehi listener update 127.0.0.1:1 --reset cipher-list",
    },
    {
      address: "127.0.0.1:2",
      fault: "data.groups names none-such, which OpenSSL does not know",
      remedy: "kakehi listener update 127.0.0.1:2 --reset group",
    },
  ]);
});
