/**
 * `testssl.sh` looks at an https listener as it is without any options: it may find no weak protocol, no weak
 * cipher and no known vulnerability. Skipped where the program is not installed; it asks nobody but us.
 *
 * The usual run is a short one. `KAKEHI_TESTSSL=all npm test -- testssl` has it look for everything, in a
 * minute.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { makeCertificate } from "../../testing/tls/certificates.ts";
import { authority, certificateFor, HttpsSetting } from "./https-support.ts";

/** As Debian names it, and as its makers do. */
const PROGRAM = findProgram("testssl") ?? findProgram("testssl.sh");
const SKIP = PROGRAM === undefined && "testssl.sh is not installed";
const IS_WHOLE = process.env["KAKEHI_TESTSSL"] === "all";
const RUN_MS_MAX = 100_000;
/** Protocols and categories of ciphers; then heartbleed, CCS injection, renegotiation and compression. */
const SHORT = ["-p", "-s", "-H", "-I", "-R", "-C"];
/**
 * Protocols, categories of ciphers, forward secrecy, bugs of servers, and all vulnerabilities. Not the order
 * of ciphers: it is the clients', as Mozilla has it, since all of them are good.
 */
const WHOLE = ["-p", "-s", "-f", "-g", "-U"];
const ASKS_NOBODY = ["--nodns", "none", "--ip", "127.0.0.1"];
const BRIEFLY = ["--quiet", "--color", "0", "--warnings", "off", "--fast"];
/** `WARN` says that the program could not look, as for ciphers that its own OpenSSL does not have. */
const HARMLESS = new Set(["OK", "INFO", "WARN"]);

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

test("testssl.sh finds nothing weak", { skip: SKIP }, async (t) => {
  const findings = await look(t);
  const of = (id: string): string | undefined => findings.find((one) => one.id === id)?.finding;
  for (const id of ["SSLv2", "SSLv3", "TLS1", "TLS1_1"]) assert.match(of(id) ?? "", /^not offered/, id);
  for (const id of ["TLS1_2", "TLS1_3"]) assert.match(of(id) ?? "", /^offered/, id);
  for (const id of ["heartbleed", "CCS", "secure_renego", "secure_client_renego", "CRIME_TLS"])
    assert.notEqual(of(id), undefined, `it did not look for ${id}`);
  const weak = findings.filter(({ severity }) => !HARMLESS.has(severity));
  assert.deepEqual(weak, []);
});

/** What it finds at a listener with an RSA and an ECDSA certificate. */
async function look(t: TestContext): Promise<readonly Finding[]> {
  const setting = await HttpsSetting.start("auto");
  t.after(() => setting.stop());
  await setting.add(certificateFor("a.example"));
  await setting.add(makeCertificate({ name: "a.example", issuer: authority, keyKind: "rsa-2048" }));
  const folder = mkdtempSync(join(tmpdir(), "kakehi-testssl-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const report = join(folder, "report.json");
  const asked = promisify(execFile)(
    PROGRAM!,
    [
      ...BRIEFLY,
      ...ASKS_NOBODY,
      ...(IS_WHOLE ? WHOLE : SHORT),
      "--jsonfile",
      report,
      `a.example:${setting.port}`,
    ],
    { cwd: folder, timeout: RUN_MS_MAX },
  );
  asked.child.stdin!.end();
  await asked;
  return JSON.parse(readFileSync(report, "utf8")) as Finding[];
}

function findProgram(name: string): string | undefined {
  const paths = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
