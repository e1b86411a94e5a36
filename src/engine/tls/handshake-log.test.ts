import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { LISTENER, SecureRig } from "../../../testing/sim/secure-rig.ts";
import { freeAll } from "../../../testing/tls/pair.ts";

afterEach(() => freeAll());

/** What the log says of failed handshakes, without its addresses. */
function saidBy({ log }: SecureRig): string[] {
  return log.map((line) => line.replace(/^(\w+): .* at 127\.0\.0\.1:443 failed/, "$1"));
}

test("each failure says its code and its reason, who, and where", () => {
  const rig = new SecureRig();
  const client = rig.net.client(LISTENER);
  client.send(Buffer.from("\0\0\0\0\0"));
  rig.net.settle();
  assert.match(
    rig.log.join("\n"),
    /^info: the handshake of [0-9.]+ at 127\.0\.0\.1:443 failed: TLS_NOT_TLS: the first byte is/,
  );
});

test("a refusal by name, a fault of the machine and a handshake out of time are told each by its code", () => {
  const strict = new SecureRig({}, {}, { strict_sni: true });
  strict.secureClient().settle();
  assert.match(saidBy(strict).join("\n"), /^info: TLS_UNKNOWN_NAME: /);

  const modern = new SecureRig({}, {}, { tls_versions: ["TLSv1.3"] });
  modern.secureClient({ versionMax: "TLSv1.2" }).settle();
  assert.match(saidBy(modern).join("\n"), /^info: TLS_NOTHING_SHARED: /);

  const slow = new SecureRig({}, {}, { request_timeout_ms: 100 });
  slow.net.client(LISTENER);
  slow.net.settle().advance(200);
  assert.match(saidBy(slow).join("\n"), /^info: TLS_HANDSHAKE_TIMED_OUT: it was not complete after 100 ms$/);
});

test("of many failures a few have a line, and the rest are counted in one, each second anew", () => {
  const rig = new SecureRig({}, { handshakeFaultLinesMax: 2 });
  for (let second = 0; second < 2; second++) {
    rig.log.length = 0;
    for (let index = 0; index < 20; index++) {
      rig.net.client(LISTENER).send(Buffer.from("\0\0\0\0\0"));
      rig.net.settle();
    }
    assert.equal(rig.log.length, 2);
    rig.net.advance(1_500);
    assert.equal(rig.log[2], "info: 18 more handshakes at 127.0.0.1:443 failed meanwhile");
    assert.equal(rig.log.length, 3);
  }
});

test("a session, and a client that only goes, leave no line", () => {
  const rig = new SecureRig();
  rig.secureClient().settle();
  rig.secureClient().peer.reset();
  rig.net.settle().advance(2_000);
  assert.deepEqual(rig.log, []);
});
