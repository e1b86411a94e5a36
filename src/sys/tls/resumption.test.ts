import assert from "node:assert/strict";
import { connect } from "node:tls";
import { afterEach, test } from "node:test";
import type { TlsPeerCertificate, TlsServerContext, TlsVersion } from "../../tls/machine.ts";
import { askUntil, eventWithin } from "../../../testing/deadline.ts";
import { makeCertificate, type TestCertificate } from "../../../testing/tls/certificates.ts";
import {
  authority,
  ecdsa,
  freeAll,
  openCertificate,
  openServer,
  openTicketKeys,
  rsa,
  SESSION_CONTEXT,
  ticketKey,
} from "../../../testing/tls/pair.ts";
import { serveMachines } from "../../../testing/tls/machine-server.ts";

const VERSIONS: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];
const WITHIN_MS = 5_000;
/** So long a certificate lasts that is to expire in a test: its first handshake must be within it. */
const BRIEF_MS = 3_000;
const OTHER_CONTEXT = new Uint8Array(32).fill(8);

afterEach(() => {
  assert.deepEqual(freeAll(), {
    contexts: 0,
    certificates: 0,
    ticketKeys: 0,
    machines: 0,
    sessions: 0,
    bios: 0,
  });
});

interface Visit {
  readonly context: TlsServerContext;
  readonly certificate?: typeof ecdsa;
  readonly sessionContext?: Uint8Array;
  /** The key that the client's ticket was sealed with, as its ClientHello tells. */
  readonly ticketKeyName?: Uint8Array;
  /** What the client shows if it is asked. */
  readonly shown?: TestCertificate;
}

interface Visited {
  readonly isResumed: boolean;
  readonly session: Buffer | undefined;
  /** As the server knows it. */
  readonly peerCertificate: TlsPeerCertificate | undefined;
}

/** A client of Node's connects once, showing the session of an earlier visit; gives what it may show next. */
async function visit(
  { context, certificate = ecdsa, sessionContext = SESSION_CONTEXT, ticketKeyName, shown: own }: Visit,
  session?: Buffer,
): Promise<Visited> {
  const shown = openCertificate(certificate);
  const server = await serveMachines(() =>
    context.accept({ certificates: [shown], sessionContext, ticketKeyName }),
  );
  const client = connect({
    ...{ port: server.port, host: "127.0.0.1", servername: "a.test", ca: authority.pem },
    ...(session && { session }),
    ...(own && { cert: own.pem, key: own.keyPem }),
  });
  let next: Buffer | undefined;
  client.on("session", (ticket: Buffer) => {
    next = ticket;
  });
  client.write("hi");
  const [heard] = await eventWithin(WITHIN_MS, client, "data");
  assert.equal(String(heard), "HI");
  const isResumed = client.isSessionReused();
  const agreed = server.machines[0]?.session;
  assert.equal(agreed?.isResumed, isResumed);
  client.end();
  await eventWithin(WITHIN_MS, client, "close");
  await server.close();
  return { isResumed, session: next, peerCertificate: agreed?.peerCertificate };
}

for (const versionMax of VERSIONS) {
  test(`${versionMax}: a session is resumed by another context with the same keys`, async () => {
    const ticketKeys = openTicketKeys(ticketKey(1));
    const otherKeys = openTicketKeys(ticketKey(1));
    const first = await visit({ context: openServer({ versionMax, ticketKeys }) });
    assert.equal(first.isResumed, false);
    const context = openServer({ versionMax, ticketKeys: otherKeys });
    const second = await visit({ context }, first.session);
    assert.equal(second.isResumed, true);
    assert.equal((await visit({ context }, second.session ?? first.session)).isResumed, true);
  });

  test(`${versionMax}: a ticket of a previous key is taken until that key is gone`, async () => {
    const ticketKeys = openTicketKeys(ticketKey(1));
    const context = openServer({ versionMax, ticketKeys });
    const { session } = await visit({ context });
    const ticketKeyName = ticketKey(1).name;
    ticketKeys.rotate(ticketKey(2), [ticketKey(1)]);
    assert.equal((await visit({ context, ticketKeyName }, session)).isResumed, true);
    ticketKeys.rotate(ticketKey(3), [ticketKey(2), ticketKey(1)]);
    assert.equal((await visit({ context, ticketKeyName }, session)).isResumed, true);
    ticketKeys.rotate(ticketKey(4), [ticketKey(3), ticketKey(2)]);
    assert.equal((await visit({ context, ticketKeyName }, session)).isResumed, false);
  });

  test(`${versionMax}: what is sealed after a rotation is sealed with the current key`, async () => {
    const ticketKeys = openTicketKeys(ticketKey(1));
    const context = openServer({ versionMax, ticketKeys });
    const old = await visit({ context });
    ticketKeys.rotate(ticketKey(2), [ticketKey(1)]);
    const full = await visit({ context });
    const renewed = await visit({ context, ticketKeyName: ticketKey(1).name }, old.session);
    const sessions = versionMax === "TLSv1.3" ? [full.session, renewed.session] : [full.session];
    ticketKeys.rotate(ticketKey(3), [ticketKey(2)]);
    for (const session of sessions) {
      assert.ok(session !== undefined);
      const again = await visit({ context, ticketKeyName: ticketKey(2).name }, session);
      assert.equal(again.isResumed, true);
    }
  });

  test(`${versionMax}: a session of one name or certificate is not resumed on another`, async () => {
    const ticketKeys = openTicketKeys(ticketKey(1));
    const context = openServer({ versionMax, ticketKeys });
    const { session } = await visit({ context });
    const other = { context, certificate: rsa, sessionContext: OTHER_CONTEXT };
    assert.equal((await visit(other, session)).isResumed, false);
    assert.equal((await visit({ context }, session)).isResumed, true);
  });

  test(`${versionMax}: without ticket keys there are no tickets`, async () => {
    const first = await visit({ context: openServer({ versionMax }) });
    const again = await visit({ context: openServer({ versionMax }) }, first.session);
    assert.equal(again.isResumed, false);
  });

  test(`${versionMax}: a ticket of nobody's key means a whole handshake`, async () => {
    const { session } = await visit({
      context: openServer({ versionMax, ticketKeys: openTicketKeys(ticketKey(1)) }),
    });
    const context = openServer({ versionMax, ticketKeys: openTicketKeys(ticketKey(9)) });
    assert.equal((await visit({ context, ticketKeyName: ticketKey(1).name }, session)).isResumed, false);
  });

  test(`${versionMax}: a client's certificate is known on each resumed session, as on the first`, async () => {
    const ticketKeys = openTicketKeys(ticketKey(1));
    const clientAuth = { mode: "require", ca: [authority.der] } as const;
    const context = openServer({ versionMax, ticketKeys, clientAuth });
    const shown = makeCertificate({ name: "alice", issuer: authority });
    const first = await visit({ context, shown });
    assert.equal(first.peerCertificate?.subject, "CN=alice,O=Kakehi");
    let { session } = first;
    for (let round = 0; round < 3; round++) {
      const again = await visit({ context }, session);
      assert.deepEqual([again.isResumed, again.peerCertificate], [true, first.peerCertificate]);
      session = again.session ?? session;
    }
  });
}

test("a session is not resumed when the client's certificate has expired", async () => {
  const ticketKeys = openTicketKeys(ticketKey(1));
  const clientAuth = { mode: "request", ca: [authority.der] } as const;
  const to = new Date(Date.now() + BRIEF_MS).toISOString().replaceAll(/\.\d+|[-:T]/g, "");
  const shown = makeCertificate({ name: "brief", issuer: authority, to });
  const visits = VERSIONS.map((versionMax) => ({
    context: openServer({ versionMax, ticketKeys, clientAuth }),
  }));
  const sessions = await Promise.all(visits.map(async (each) => (await visit({ ...each, shown })).session));
  assert.deepEqual(
    await Promise.all(visits.map(async (each, index) => (await visit(each, sessions[index])).isResumed)),
    [true, true],
  );
  for (const [index, each] of visits.entries())
    await askUntil(WITHIN_MS, "a whole handshake", async () => {
      const { isResumed, peerCertificate } = await visit(each, sessions[index]);
      assert.equal(peerCertificate !== undefined, isResumed);
      return isResumed ? undefined : true;
    });
});
