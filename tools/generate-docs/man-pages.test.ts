import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { COMMANDS } from "../../src/cli/program.ts";
import { CATALOGUE } from "../../src/model/catalogue/catalogue.ts";
import { MAN_FOLDER, manPages } from "./man-pages.ts";

const pages = await manPages();

function pageOf(name: string): string {
  return pages[`${MAN_FOLDER}/${name}.1`] ?? "";
}

/** What a person reads, without the escapes of roff. */
function plainOf(name: string): string {
  return pageOf(name)
    .replaceAll(/\\f[BIR]/g, "")
    .replaceAll(/\\(?:-|\(aq)/g, (escape) => (escape === "\\-" ? "-" : "'"));
}

test("the program has a page, and each of its commands one that is named there", () => {
  const names = ["kakehi", ...COMMANDS.map(({ name }) => `kakehi-${name}`)];
  assert.deepEqual(
    Object.keys(pages),
    names.map((name) => `${MAN_FOLDER}/${name}.1`),
  );
  for (const name of names.slice(1)) assert.ok(plainOf("kakehi").includes(`\n${name}(1)\n`), name);
});

test("a page has each verb in the catalogue's words, its options, what it is refused with, and an example", () => {
  const page = plainOf("kakehi-backend");
  assert.ok(page.includes("kakehi backend add cluster-id backend-id address [options]\n"));
  assert.ok(page.includes(`.SS "kakehi backend add"\n.PP\n${CATALOGUE.ADD_BACKEND.summary}\n`));
  assert.ok(page.includes(".TP\n--weight count\nIts share of the requests"));
  for (const code of CATALOGUE.ADD_BACKEND.errors) assert.ok(page.includes(`.TP\n${code}\n`), code);
  assert.match(page, /\.SH "EXAMPLES"\n(?:\.\w+(?: 4)?\n)+kakehi backend add app /);
});

test("a command that is written by hand names what its orders are refused with, too", () => {
  for (const code of CATALOGUE.EXPLAIN.errors)
    assert.ok(plainOf("kakehi-explain").includes(`.TP\n${code}\n`), code);
});

test("a command without verbs has its arguments and options, with their choices and variables", () => {
  const page = plainOf("kakehi-run");
  assert.match(page, /\n--io kind\nHow [^]{1,80}One\sof\sauto,\suring,\snode\.\sEnvironment:\sKAKEHI_IO\./);
  assert.ok(plainOf("kakehi-wait").includes('.SH "OPTIONS"\n.TP\nrevision\nThe revision, as an order'));
});

test("pages are ASCII, and the same on every machine and for every user", async () => {
  for (const page of Object.values(pages)) assert.match(page, /^[\n\x20-\x7e]*\n$/);
  const before = process.env["KAKEHI_SOCKET"];
  process.env["KAKEHI_SOCKET"] = "/elsewhere/command.sock";
  try {
    assert.deepEqual(await manPages(), pages);
  } finally {
    if (before === undefined) delete process.env["KAKEHI_SOCKET"];
    else process.env["KAKEHI_SOCKET"] = before;
  }
  assert.ok(!/\d+: as many as processors/.test(plainOf("kakehi-run")));
});

test("groff has nothing to complain about", { skip: withoutGroff() }, () => {
  const { status, stderr } = groff(Object.values(pages).join(""));
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(groff('.TH X 1 "" "" ""\n.SH NAME\nx \\- \\(zz\n').stderr, /special character/);
});

function withoutGroff(): string | false {
  return spawnSync("groff", ["--version"]).error !== undefined && "groff must be installed";
}

function groff(page: string): { readonly status: number | null; readonly stderr: string } {
  return spawnSync("groff", ["-ww", "-man", "-Tutf8", "-z"], {
    input: page,
    encoding: "utf8",
    timeout: 30_000,
  });
}
